"""The live view in a terminal: the window's bars and sentences, in characters."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from glutesym import live_wording, wording
from glutesym.live_state import LiveState, SideLive
from glutesym.measures import SIDES, Light, RepMeasure, Side
from glutesym.output_encoding import as_printable
from glutesym.scale import Band, SharedScale
from glutesym.view_options import PLAIN, ViewOptions

_REFRESH_S = 0.1
_PLAIN_EVERY_S = 3.0  # a line in a log, not a display
_STOP_WITHIN_S = 10.0  # the pods' last data are fetched in far less
_SPAN_S = 10.0
_LAST_REPS = 5
_SPARKS = "▁▂▃▄▅▆▇█"
# Okabe & Ito sky blue, orange and yellow, as in the window.
_COLORS: dict[Side, str] = {"left": "#56B4E9", "right": "#E69F00"}
# Their place tells as much as their colour.
_LAMPS: dict[Light, str] = {"red": "#FF5A3C", "yellow": "#F0E442", "green": "#1FC28B"}
_WARNING_STYLE = "bold black on #F0E442"


def run_terminal(
    poll: Callable[[], LiveState],
    on_stop: Callable[[], None],
    *,
    console: Console | None = None,
    is_ended: Callable[[], bool] | None = None,
    options: ViewOptions = PLAIN,
) -> None:
    """Show a session until it has ended; Ctrl-C ends it.

    In a terminal the view is drawn about ten times a second; into a pipe or a log goes one plain
    line every few seconds.

    Parameters
    ----------
    poll : callable
        Returns the newest snapshot.
    on_stop : callable
        Ends the recording; called at most once, at the first Ctrl-C. The view stays until the
        session has ended, 10 s at most unless it cannot be saved; a second Ctrl-C leaves at once.
    console : rich.console.Console, optional
        Where to draw; standard output if not given.
    is_ended : callable, optional
        Returns whether to leave although the snapshot's phase is not "ended".
    options : ViewOptions
        Unit and target band.
    """
    console = console or Console()

    def ended(state: LiveState) -> bool:
        return state.phase == "ended" or (is_ended is not None and is_ended())

    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:

            def show(state: LiveState) -> None:
                live.update(render(state, console.width, options), refresh=True)

            _follow(poll, show, ended, on_stop, _REFRESH_S)
    else:
        _follow(
            poll,
            lambda state: _print_line(console, state, options),
            ended,
            on_stop,
            _PLAIN_EVERY_S,
        )


def render(state: LiveState, width: int, options: ViewOptions = PLAIN) -> RenderableType:
    """Return the view of one snapshot for a terminal of this many columns."""
    scale = SharedScale(options.unit)  # peaks never fall, so neither does the scale
    scale.grow_to_fit(state)
    if options.target is not None:
        scale.grow(options.target.high)
    parts: list[RenderableType] = [_header(state), Text(state.trouble, style=_WARNING_STYLE)]
    parts += [_bar(side, state, scale, width, options.target) for side in SIDES]
    parts.append(_axis(scale, width, options.target))
    parts += [_sparkline(side, state, scale, width) for side in SIDES]
    parts += [Text(f"{'':7}last {_SPAN_S:g} s, same scale; · no data", style="dim"), Text()]
    excluded = wording.excluded_sentence(state.summary)
    doubtful = [rep for rep in state.reps[-_LAST_REPS:] if rep.quality != "good"]
    if state.reps:
        rows = _LAST_REPS - bool(excluded) - bool(doubtful)  # the page must not grow
        parts.append(_rep_table(state.reps[-rows:], scale))
    if doubtful:
        words = wording.quality_text(doubtful[-1])
        note = f"rep {doubtful[-1].number} {words}"
        parts.append(Text(note, style="dim", no_wrap=True, overflow="ellipsis"))
    waiting = wording.waiting_sentence(state)
    verdict = wording.verdict_sentence(state.summary, options.unit)
    parts.append(Text(waiting or verdict, style="bold"))
    running = state.phase in live_wording.RUNNING
    missing = live_wording.missing_sentence(state.summary, state.exercise) if running else ""
    if missing or state.summary is not None:
        parts.append(Text(missing or wording.lag_sentence(state.summary)))
    if state.summary is not None:
        if excluded:
            parts.append(Text(excluded, no_wrap=True, overflow="ellipsis"))
        activations = Text()
        for side in SIDES:
            words = wording.activation_sentence(side, state.summary, options.unit)
            activations.append(f"{words}   ", style=_COLORS[side])
        parts.append(activations)
    parts.append(Text())
    for side in SIDES:
        parts += _pod_lines(side, state)
    parts.append(Text(f"{wording.sync_text(state)} · {wording.file_text(state)}", "dim"))
    if state.message:
        parts.append(Text(state.message, style="dim"))
    return Group(*parts)


def summary_line(state: LiveState, options: ViewOptions = PLAIN) -> str:
    """Return one plain line of a snapshot, for logs."""
    unit = options.unit
    sides = [
        f"{side} {wording.uv_text(live.activation_uv * unit.factor(side))} {unit.name}"
        for side, live in state.sides.items()
    ]
    parts = [
        wording.time_text(state.time_s),
        wording.phase_text(state).strip("●▶ ").lower(),
        *([doing.lower()] if (doing := live_wording.movement_text(state)) else []),
        _count(state),
        *sides,
        wording.waiting_sentence(state) or wording.verdict_sentence(state.summary, unit),
    ]
    if state.phase in live_wording.RUNNING and (
        missing := live_wording.missing_sentence(state.summary, state.exercise)
    ):
        parts.append(missing)
    if state.reps:
        last = live_wording.rep_amount_text(state.reps[-1], unit)
        lag = live_wording.rep_lag_text(state.reps[-1])
        parts.append(f"rep {state.reps[-1].number}: {', '.join(w for w in (last, lag) if w)}")
    if state.summary is not None:
        parts.append(wording.lag_sentence(state.summary))
    if excluded := wording.excluded_sentence(state.summary):
        parts.append(excluded)
    if state.trouble:
        parts.append(state.trouble)
    for side, live in state.sides.items():
        parts += [f"{side}: {w}" for w in wording.warning_sentences(live, state.phase)]
        if live.samples_lost or live.samples_waiting:
            parts.append(f"{side}: {wording.loss_text(live)}")
    return " | ".join(parts)


def _follow(
    poll: Callable[[], LiveState],
    show: Callable[[LiveState], None],
    ended: Callable[[LiveState], bool],
    on_stop: Callable[[], None],
    every_s: float,
) -> None:
    """Show snapshots until one has ended; pass on the first Ctrl-C, leave at the second."""
    leave_at_s = math.inf
    shown_at_s = -math.inf
    troubled = False
    while True:
        try:
            state = poll()
            now_s = time.monotonic()
            last = ended(state) or (now_s >= leave_at_s and not state.trouble)
            if last or now_s - shown_at_s >= every_s or bool(state.trouble) != troubled:
                show(state)
                shown_at_s = now_s
                troubled = bool(state.trouble)
            if last:
                return
            time.sleep(_REFRESH_S)
        except KeyboardInterrupt:
            if leave_at_s < math.inf:
                return
            leave_at_s = time.monotonic() + _STOP_WITHIN_S
            on_stop()


def _print_line(console: Console, state: LiveState, options: ViewOptions) -> None:
    line = as_printable(summary_line(state, options), console.encoding)
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _header(state: LiveState) -> Text:
    words = [wording.phase_text(state), wording.time_text(state.time_s), _count(state)]
    words += [doing.upper()] if (doing := live_wording.movement_text(state)) else []
    text = Text(state.exercise or "glutesym", style="bold")
    text.append(f"   {'   '.join(words)}", style="not bold")
    return text


def _count(state: LiveState) -> str:
    excluded = state.summary.n_excluded if state.summary else 0
    return wording.count_text(len(state.reps), excluded)


def _bar_width(width: int) -> int:
    """Return the columns of a bar between its name and its numbers."""
    return max(width - 7 - 22, 10)


def _bar(
    side: Side, state: LiveState, scale: SharedScale, width: int, target: Band | None
) -> Text:
    """Return name, bar with its peak-hold mark and target, value and peak of one side."""
    live = state.sides[side]
    factor = scale.unit.factor(side)
    value, peak = live.activation_uv * factor, live.peak_uv * factor
    columns = _bar_width(width)
    text = Text(f"{side:<7}", style=f"bold {_COLORS[side]}", no_wrap=True)
    alert = wording.alert_text(live, state.phase)
    cells = [" "] * columns
    if math.isfinite(value):
        filled = _column(value, scale, columns)
        cells[:filled] = ["█"] * filled
    if target is not None:
        for end, mark in ((target.low, "["), (target.high, "]")):
            cells[max(_column(end, scale, columns) - 1, 0)] = mark
    if math.isfinite(peak):
        cells[max(_column(peak, scale, columns) - 1, 0)] = "┃"
    if alert:
        label = f" {alert} "
        start = max((columns - len(label)) // 2, 0)
        text.append("".join(cells[:start]), style="dim")
        text.append(label[:columns], style=_WARNING_STYLE)
        text.append("".join(cells[start + len(label) :]), style="dim")
    else:
        for cell in cells:
            text.append(cell, style="bold white" if cell in "┃[]" else _COLORS[side])
    hit = "✓" if target is not None and value in target else " "
    text.append(f" {wording.uv_text(value):>5} {scale.unit.symbol:<2}", style="bold")
    text.append(f"{hit} peak {wording.uv_text(peak):>5}", style="dim")
    return text


def _axis(scale: SharedScale, width: int, target: Band | None) -> Text:
    """Return the labels of the scale both bars share."""
    columns = _bar_width(width)
    cells = [" "] * (columns + 4)
    for tick in scale.ticks():
        label = f"{tick:g}"
        at = max(_column(tick, scale, columns) - len(label), 0)
        if "".join(cells[max(at - 1, 0) : at + len(label)]).strip():
            continue  # no room
        cells[at : at + len(label)] = label
    words = f"{'':7}{''.join(cells).rstrip()} {scale.unit.name}"
    if target is not None:
        words += f" [{target}]"
    return Text(words, style="dim", no_wrap=True, overflow="ellipsis")


def _sparkline(side: Side, state: LiveState, scale: SharedScale, width: int) -> Text:
    """Return the last seconds of one envelope, a character for each slice of time."""
    peaks_uv = _slices(state.sides[side], state.time_s, _bar_width(width))
    top_uv = scale.top / scale.unit.factor(side)
    text = Text(f"{side:<7}", style=_COLORS[side], no_wrap=True)
    for peak_uv in peaks_uv:
        if math.isnan(peak_uv):
            text.append("·", style="dim")
        else:
            level = int(max(peak_uv, 0.0) / top_uv * len(_SPARKS))
            text.append(_SPARKS[min(level, len(_SPARKS) - 1)])
    return text


def _slices(live: SideLive, now_s: float, columns: int) -> NDArray[np.float64]:
    """Return the highest envelope of each slice of the span; NaN where there are no data."""
    start = int(np.searchsorted(live.envelope_time_s, now_s - _SPAN_S))
    age_s = live.envelope_time_s[start:] - (now_s - _SPAN_S)
    at = np.clip((age_s / _SPAN_S * columns).astype(np.int64), 0, columns - 1)
    peaks_uv = np.full(columns, -np.inf)
    np.maximum.at(peaks_uv, at, np.nan_to_num(live.envelope_uv[start:], nan=-np.inf))
    peaks_uv[np.isneginf(peaks_uv)] = np.nan
    return peaks_uv


def _rep_table(reps: tuple[RepMeasure, ...], scale: SharedScale) -> Table:
    unit = scale.unit
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("rep", justify="right")
    for side in SIDES:
        table.add_column(f"{side}, {unit.symbol}", justify="right", style=_COLORS[side])
    one_leg = any(rep.one_leg for rep in reps)
    for title in ("working",) if one_leg else ("difference", "onset"):
        table.add_column(title, no_wrap=True)
    table.add_column("quality")
    for rep in reps:
        amount = live_wording.rep_amount_text(rep, unit).split(":")[0]
        both = (
            "–" if rep.symmetry_index_pct is None else amount,
            "–" if rep.lag_ms is None else live_wording.rep_lag_text(rep) or "–",
        )
        table.add_row(
            str(rep.number),
            *(_amount(rep.side(side).activation_uv, unit.factor(side)) for side in SIDES),
            *((wording.leg_text(rep),) if one_leg else both),
            rep.quality,
        )
    return table


def _amount(uv: float | None, factor: float) -> str:
    return wording.uv_text(None if uv is None else uv * factor)


def _pod_lines(side: Side, state: LiveState) -> list[RenderableType]:
    live = state.sides[side]
    words = [wording.connection_text(live, state.phase), wording.battery_text(live)]
    line = Text(f"{side} pod: ", style=_COLORS[side], no_wrap=True, overflow="ellipsis")
    for lamp, color in _LAMPS.items():
        on = lamp == live.light
        line.append("●" if on else "○", style=color if on else "dim")
    line.append(f" {live_wording.light_text(live, state.phase)} · ")
    line.append(" · ".join([*words, wording.loss_text(live)]))
    warnings = wording.warning_sentences(live, state.phase)
    return [line, *(Text(f" {warning} ", style=_WARNING_STYLE) for warning in warnings)]


def _column(value: float, scale: SharedScale, columns: int) -> int:
    return min(max(round(value / scale.top * columns), 0), columns)
