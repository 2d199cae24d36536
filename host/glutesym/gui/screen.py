"""All parts of the live view on one area: they get snapshots, places, sizes and colours here."""

from __future__ import annotations

from collections.abc import Callable

from glutesym.gui import theme
from glutesym.gui.asymmetry import AsymmetryView
from glutesym.gui.bars import BarsView
from glutesym.gui.card import Card
from glutesym.gui.controls import ControlsView
from glutesym.gui.envelopes import EnvelopesView
from glutesym.gui.header import Banner, HeaderView
from glutesym.gui.last_rep import LastRepView
from glutesym.gui.peaks import PeakHold
from glutesym.gui.places import places
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.gui.result import ResultView
from glutesym.gui.status import PodStatus, SessionStatus
from glutesym.gui.text import FitText
from glutesym.gui.traces import TracesView
from glutesym.live_state import LiveState
from glutesym.measures import SIDES
from glutesym.scale import Band, SharedScale
from glutesym.view_options import ViewOptions

_TARGET_SHARE = (0.4, 0.6)  # of the scale: the first band
_TARGET_PCT = Band(40.0, 60.0)


class Screen:
    """The parts of a window.

    Parameters
    ----------
    parent : QWidget
    options : ViewOptions
    main : callable
        What the big button does.
    others : (word, action) of the other buttons
    buttons : bool
        Whether there are any.
    """

    def __init__(
        self,
        parent: QtWidgets.QWidget,
        options: ViewOptions,
        main: Callable[[], None],
        others: tuple[tuple[str, Callable[[], None]], ...],
        buttons: bool,
    ) -> None:
        self._parent = parent
        self._scale = SharedScale(options.unit)
        self._target = options.target
        if options.target is not None:
            self._scale.grow(options.target.high)
        self._peaks = PeakHold()
        self._traces_wanted = False
        self._unit = 0.0
        self._trouble = False
        self._header, self._banner = HeaderView(), Banner()
        self._bars, self._result = BarsView(), ResultView()
        self._asymmetry = AsymmetryView()
        self._envelopes, self._traces = EnvelopesView(), TracesView()
        self._pods = {side: PodStatus(side) for side in SIDES}
        self._session = SessionStatus()
        self._controls = ControlsView(main, others)
        middle = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._controls, 58)
        self._controls.setVisible(buttons)  # not before: alone it would be a window
        column.addWidget(self._session, 42)
        self._parts: dict[str, QtWidgets.QWidget] = {
            "header": self._header,
            "banner": self._banner,
            "bars": self._bars,
            "result": self._result,
            "asymmetry": self._asymmetry,
            "envelopes": self._envelopes,
            "traces": self._traces,
            "left_pod": self._pods["left"],
            "right_pod": self._pods["right"],
            "middle": middle,
        }
        for name, part in self._parts.items():
            part.setObjectName(name)
            part.setParent(parent)

    @property
    def target(self) -> Band | None:
        """What to aim at."""
        return self._target

    def show_state(self, state: LiveState) -> bool:
        """Show a snapshot. Return whether the parts must be arranged anew."""
        state = self._peaks.seen(state)
        self._scale.grow_to_fit(state)
        self._header.show_state(state)
        self._bars.show_state(state, self._scale, self._target)
        self._result.show_state(state, self._scale.unit)
        self._asymmetry.show_state(state, self._scale)
        if self._traces_wanted:
            self._traces.show_state(state)
        else:
            self._envelopes.show_state(state, self._scale, self._target)
        for pod in self._pods.values():
            pod.show_state(state)
        self._session.show_state(state)
        self._banner.set_text(state.trouble)
        changed = bool(state.trouble) != self._trouble
        self._trouble = bool(state.trouble)
        return changed

    def arrange(self, size: QtCore.QSize, unit: float) -> None:
        """Put every part in its place, in its size."""
        upright = theme.is_upright(size)
        found = places(size, unit, upright, self._trouble, self._traces_wanted)
        if "plot" in found:
            found["traces" if self._traces_wanted else "envelopes"] = found.pop("plot")
        self._header.set_upright(upright)
        self._session.set_upright(upright)
        self._result.set_upright(upright)
        for name, part in self._parts.items():
            part.setVisible(name in found)
            if name in found:
                part.setGeometry(found[name])
        if unit != self._unit:
            self._unit = unit
            for part in self._parent.findChildren(QtWidgets.QWidget):
                if isinstance(part, (FitText, Card, HeaderView, ControlsView, LastRepView)):
                    part.set_unit(unit)

    def header_area(self) -> QtCore.QRect:
        """Return where the header is."""
        return self._header.geometry()

    def apply_theme(self) -> None:
        """Take the colours of the theme in use."""
        self._envelopes.apply_theme()

    def notify(self, notice: str) -> None:
        """Confirm a command for a few seconds."""
        self._header.notify(notice)

    def set_main(self, word: str) -> None:
        """Name what the big button does now."""
        self._controls.set_main(word)

    def toggle_traces(self) -> None:
        """Show the EMG itself in the envelopes' place, or these again."""
        self._traces_wanted = not self._traces_wanted

    def forget_peaks(self) -> None:
        """Hold peaks from now on, and fit the scale anew, for both sides at once."""
        self._peaks.forget()
        self._traces.forget_scale()
        self._scale = SharedScale(self._scale.unit)
        if self._target is not None:
            self._scale.grow(self._target.high)
        self.notify("Peaks forgotten; the scale is fitted anew, for both sides")

    def toggle_target(self) -> None:
        """Show a target band, or none."""
        if self._target is not None:
            self._target = None
            self.notify("No target")
            return
        if self._scale.unit.mvic_uv:
            self._target = _TARGET_PCT
        else:
            low, high = (share * self._scale.top for share in _TARGET_SHARE)
            self._target = Band(low, high)
        self._tell_target()

    def change_target(self, change: Callable[[Band, float], Band]) -> None:
        """Move or widen the target band, if there is one, by a step of the scale."""
        if self._target is None:
            self.notify("No target: T sets one")
            return
        self._target = change(self._target, self._scale.step)
        self._scale.grow(self._target.high)
        self._tell_target()

    def _tell_target(self) -> None:
        self.notify(f"Target {self._target} {self._scale.unit.name}")
