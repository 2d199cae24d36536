"""Step 2: whether the electrodes are where they belong, and how good the signals are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import ceil

from glutesym import live_wording, wording
from glutesym.advice import signal_steps
from glutesym.gui import style
from glutesym.gui.actions import Action, Key
from glutesym.gui.bars import BarsView
from glutesym.gui.page import Go, Page, set_card_unit
from glutesym.gui.placement import PlacementPicture, placement_words
from glutesym.gui.qt import QtWidgets
from glutesym.gui.traffic_light import TrafficLight
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side
from glutesym.scale import SharedScale
from glutesym.session.visit import SIGNAL_CHECK, SKIPPED, Visit, baseline_note


class CheckPage(Page):
    """Picture, traffic lights and the quiet baseline."""

    def __init__(self, visit: Visit, go: Go) -> None:
        super().__init__(visit, go)
        self._picture = PlacementPicture()
        self._where = style.label("", "small", "placement_words")
        self._cards = {side: _SignalCard(side) for side in SIDES}
        self._bars = BarsView()
        self._scale = SharedScale()
        self._rest = style.label("", "title", "baseline")
        self._failed = style.label("", "body", "baseline_failed")
        left = QtWidgets.QVBoxLayout()
        left.addWidget(self._picture, 1)
        left.addWidget(self._where)
        signals = QtWidgets.QHBoxLayout()
        signals.setContentsMargins(0, 0, 0, 0)
        for side in SIDES:
            signals.addWidget(self._cards[side], 1)
        right = QtWidgets.QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.addLayout(signals)
        right.addWidget(self._bars, 1)
        rest = QtWidgets.QVBoxLayout()
        rest.addWidget(self._rest)
        rest.addWidget(self._failed)
        beside = QtWidgets.QWidget()
        beside.setLayout(right)
        self.content.addWidget(style.card(rest))
        self.side_by_side(style.card(left), beside, stretch=(2, 3))

    def enter(self) -> None:
        """Show where the electrodes go, and see that somebody looks at the signals."""
        placement = self.visit.choices.placement
        self._picture.show_placement(placement)
        self._where.setText(placement_words(placement))
        if not self.visit.busy:
            self.visit.look()

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        super().set_unit(unit)
        self._picture.set_unit(unit)
        set_card_unit(self._bars, unit)
        self._bars.setMinimumHeight(round(200 * unit))
        for card in self._cards.values():
            card.set_unit(unit)

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot."""
        for card in self._cards.values():
            card.show_state(state)
        self._scale.grow_to_fit(state)
        self._bars.show_state(state, self._scale)
        self._rest.setText(self._rest_text(state))
        result = self.visit.baseline.result
        reasons = result.reasons.items() if result else ()
        self._failed.setText("\n".join(f"{side.capitalize()}: {why}" for side, why in reasons))
        self._failed.setVisible(bool(reasons))
        super().show_state(state)
        if self.visit.error is not None:
            self.go("connect")

    def possible(self, state: LiveState) -> Sequence[Action]:
        """Return what can be done now."""
        baseline = self.visit.baseline
        back = Action("back", "Back", Key.Key_Escape, lambda: self.go("connect"))
        skip = Action("skip", "Skip the check", Key.Key_K, self._skip)
        streaming = all(live.samples_received for live in state.sides.values())
        if baseline.measuring:
            measure = Action("measure", "Lie still", Key.Key_Return, baseline.measure, False)
            return back, skip, measure
        if baseline.result is None:
            ready = streaming and state.phase == "recording"
            measure = Action("measure", "Measure rest", Key.Key_Return, baseline.measure, ready)
            return back, skip, measure
        again = Action("measure", "Measure again", Key.Key_M, baseline.measure, streaming)
        good = baseline.result.complete and all(
            live.light == "green" for live in state.sides.values()
        )
        words = "Calibrate" if good else "Continue all the same"
        return back, again, Action("next", words, Key.Key_Return, self._next)

    def _rest_text(self, state: LiveState) -> str:
        baseline = self.visit.baseline
        if baseline.measuring:
            left_s = ceil(baseline.left_s(state.time_s))
            return f"Lie still and let go … {left_s} s" if left_s else "Lie still: a moment"
        if baseline.result is None:
            return "Lie down, let go, and measure what the muscles read at rest."
        words = [
            f"{side} {wording.uv_text(uv)} µV" for side, uv in baseline.result.rest_uv.items()
        ]
        return f"At rest: {' · '.join(words) or 'not measured'}"

    def _skip(self) -> None:
        self.visit.note(SIGNAL_CHECK, SKIPPED)
        self.go("calibrate")

    def _next(self) -> None:
        state = self.visit.poll()
        lights = [
            f"{side} {live_wording.LIGHT_WORDS[live.light]}"
            + (f" ({live.light_reason})" if live.light_reason else "")
            for side, live in state.sides.items()
            if live.light is not None
        ]
        self.visit.note(
            SIGNAL_CHECK, "; ".join([*lights, baseline_note(self.visit.baseline.result)])
        )
        self.go("calibrate")


class _SignalCard(QtWidgets.QFrame):
    """One side's traffic light, its numbers, and what to do."""

    def __init__(self, side: Side) -> None:
        super().__init__()
        self.setObjectName("card")
        self._side: Side = side
        self._light = TrafficLight()
        self._word = style.label("", "title", f"{side}_light")
        self._numbers = style.label("", "body", f"{side}_noise")
        self._reason = style.label("", "body", f"{side}_reason")
        self._step = style.label("", "body", f"{side}_step")
        head = QtWidgets.QHBoxLayout()
        head.addWidget(self._light)
        head.addWidget(self._word, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.addWidget(style.label(side.upper(), side))
        column.addLayout(head)
        for part in (self._numbers, self._reason, self._step):
            column.addWidget(part)
        column.addStretch(1)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        self._light.set_unit(unit)

    def show_state(self, state: LiveState) -> None:
        live = state.sides[self._side]
        alert = wording.alert_text(live, state.phase)
        word = live_wording.light_text(live, state.phase)
        self._light.show_light(live.light, word)
        self._word.setText(alert or word.capitalize())
        if live.noise_uv is None:
            level = wording.uv_text(live.activation_uv)
            now = "–" if math.isnan(live.activation_uv) else f"now {level} µV, not at rest"
            self._numbers.setText(now)
        else:
            hum = "–" if live.hum_uv is None else f"{live.hum_uv:.1f}\N{NO-BREAK SPACE}µV"
            self._numbers.setText(f"At rest {live.noise_uv:.1f} µV\nof it hum {hum}")
        reason = live.light_reason or live.reason
        self._reason.setText(reason[:1].upper() + reason[1:])
        self._step.setText(signal_steps(reason))
        self._step.setVisible(bool(self._step.text()))
