"""From a session file to the answer, and to the files that show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glutesym.analysis.quality import GOOD_SNR_DB, MIN_SNR_DB
from glutesym.assemble import assemble_recording
from glutesym.capture_run import PodInput
from glutesym.dsp.bandpass import HIGH_HZ, LOW_HZ, ORDER
from glutesym.dsp.envelope import LIVE_WINDOW_S
from glutesym.edits import Edit, reviewed_exercise
from glutesym.measures import SetMeasures
from glutesym.pipeline import Settings, measure_set
from glutesym.recording import Recording
from glutesym.scale import MICROVOLTS, Unit
from glutesym.session.edit_log import edit_records, stored_edits
from glutesym.session.normalised import Normalised
from glutesym.session.store import (
    GIVEN_UP,
    SessionMeta,
    StoredEvent,
    StoredSession,
    open_session,
)
from glutesym.session.sync_check import kept_sync_check

WORLD_CLOCK = "world time"  # the host clock of a simulation
Progress = Callable[[float], None]


@dataclass(frozen=True)
class AnalyzedSession:
    """A session file, decoded and measured."""

    path: Path
    meta: SessionMeta
    events: tuple[StoredEvent, ...]
    recording: Recording
    measures: SetMeasures
    settings: Settings
    sync_check: dict[str, Any] | None  # the newest audit of the clocks that the file holds
    normalised: Normalised | None = None  # against a calibration, when one was looked for
    edits: tuple[Edit, ...] = ()  # by reviewers, also those that were taken back

    @property
    def virtual(self) -> bool:
        """Whether its pods were."""
        return self.meta.host_clock == WORLD_CLOCK

    @property
    def unit(self) -> Unit:
        """What its amounts are told in."""
        return self.normalised.unit if self.normalised else MICROVOLTS


def analyze_session(path: Path, settings: Settings | None = None) -> AnalyzedSession:
    """Decode and measure a session file, as it was edited; it may still be being written.

    Without settings, by those that it was recorded with.

    Raises
    ------
    SessionError
        It is not a session file, it is damaged, or a side has two pods.
    """
    with open_session(path) as session:
        meta, events, edits = session.meta, session.events(), stored_edits(session)
        settings = settings or Settings(mains_hz=session.mains_hz())
        sync_check = kept_sync_check(session)
        pods = stored_inputs(session, events)
    exercise = reviewed_exercise(meta.exercise, edits)
    recording = assemble_recording(pods, meta.started_host_ns, exercise)
    measures = measure_set(recording, settings, edits)
    return AnalyzedSession(
        path, meta, events, recording, measures, settings, sync_check, edits=edits
    )


def chosen_settings(mains_hz: int | None) -> Settings | None:
    """Return settings for `analyze_session`; mains_hz: 50, 60, 0 for none, None: as recorded."""
    return None if mains_hz is None else Settings(mains_hz=mains_hz or None)


def stored_inputs(session: StoredSession, events: Sequence[StoredEvent]) -> list[PodInput]:
    """Return what is stored about each pod of a session, given its events.

    Raises
    ------
    SessionError
        The file is damaged, or a side has two pods.
    """
    given_up_s = {event.side: event.time_s for event in events if event.kind == GIVEN_UP}
    pods: list[PodInput] = []
    for side, pod in session.by_side().items():
        t_host_ns, frames = session.frames(pod.id)
        probe_id, probe_t_host_ns = session.probes(pod.id)
        pods.append(
            PodInput(
                side,
                t_host_ns,
                frames,
                probe_id,
                probe_t_host_ns,
                dict(pod.info),
                len(session.bad_frames(pod.id)),
                session.damaged_frames(pod.id),
                given_up_s.get(side),
            )
        )
    return pods


def with_edits(session: AnalyzedSession, edits: Sequence[Edit]) -> AnalyzedSession:
    """Return a session measured again as other edits have it; its file is not looked at.

    What it was set against is not known any more: see `normalise_session`.
    """
    exercise = reviewed_exercise(session.meta.exercise, edits)
    recording = replace(session.recording, exercise=exercise)
    measures = measure_set(recording, session.settings, edits)
    return replace(
        session, recording=recording, measures=measures, edits=tuple(edits), normalised=None
    )


def session_meta(session: AnalyzedSession) -> dict[str, object]:
    """Return what an export says about a session beside its numbers: start, software, method."""
    summary = session.measures.summary
    return {
        "session_file": session.path.name,
        "exercise_as_recorded": session.meta.exercise,
        "subject": session.meta.subject or None,
        "placement": session.meta.placement,
        "started_utc": session.meta.started_utc.isoformat(),
        "recorded_with": session.meta.versions,
        "ended_cleanly": session.meta.ended,
        "sync_check": session.sync_check,
        "virtual_pods": session.virtual,
        "repetitions": {
            "found": summary.n_reps,
            "used": summary.n_used,
            "excluded": dict(summary.excluded),
        },
        "edits": edit_records(session.edits),
        "method": {
            "band_pass_hz": [LOW_HZ, HIGH_HZ],
            "band_pass": f"Butterworth, order {ORDER}, causal, its delay taken out",
            "live_envelope_s": LIVE_WINDOW_S,
            "mains_notch_hz": session.settings.mains_hz,
            "least_snr_for_timing_db": MIN_SNR_DB,
            "good_snr_db": GOOD_SNR_DB,
        },
    }


def export_session(
    session: AnalyzedSession, folder: Path, progress: Progress = lambda _fraction: None
) -> list[Path]:
    """Write a session's CSVs and their sidecar into a folder; returns the files.

    Raises
    ------
    SessionError
        A file cannot be written.
    """
    from glutesym.session.export_csv import export_csv  # polars takes a while to import

    return export_csv(
        folder,
        session.path.stem,
        session.recording,
        session.measures,
        session_meta(session),
        session.events,
        progress,
        session.normalised,
    )
