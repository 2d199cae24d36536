"""Draw the README's picture: the live window in the middle of a session of virtual pods.

Everything in the picture was measured: the pods' firmware runs, streams and is recorded as in
``make demo``; the window draws the snapshot of one moment of it.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from glutesym.gui.screenshot import save_screenshot
from glutesym.live_state import LiveState
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings

PICTURE = Path(__file__).resolve().parent / "live.png"
AFTER_REPS = 8
ACTIVE_UV = 60.0  # the picture is taken while both sides work


def session_moment(folder: Path) -> LiveState:
    """Return the snapshot of a virtual session during the repetition after `AFTER_REPS`."""
    scenario = build_scenario("bridge", seed=4)
    moments: list[LiveState] = []

    class Watched(VirtualSurroundings):
        async def compute(self, work):
            await super().compute(work)
            state = session.poll()
            busy = all(side.activation_uv > ACTIVE_UV for side in state.sides.values())
            if busy and len(state.reps) >= AFTER_REPS and not moments:
                moments.append(state)
                session.stop()

    session = RunningSession(
        Watched(scenario, 4, None), folder / "2026-05-04_18-30-09_bridge.glutesym", "Glute bridge"
    )
    session.start()
    session.join()
    return moments[0]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        save_screenshot(session_moment(Path("sessions")), PICTURE)
    print(f"Wrote {PICTURE}")
