"""The whole path in one window: connect, check, calibrate, set, result and its review."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from glutesym.gui import style, theme
from glutesym.gui.calibrate_page import CalibratePage
from glutesym.gui.check_page import CheckPage
from glutesym.gui.connect_page import ConnectPage
from glutesym.gui.page import Page, Step
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.gui.result_page import ResultPage
from glutesym.gui.review_step import ReviewStep
from glutesym.gui.set_page import LivePage, SetPage
from glutesym.gui.sounds import Sounds
from glutesym.gui.top_window import TopWindow, run_until_closed
from glutesym.session.visit import Visit

_REFRESH_MS = 40
_SIZE_PX = (1000, 720)
_TITLES: dict[Step, str] = {
    "connect": "Connect",
    "check": "Check",
    "calibrate": "Calibrate",
    "set": "Set",
    "live": "Set",
    "result": "Result",
    "review": "Result",
}


class AppWindow(TopWindow):
    """The pages, and where one is among them.

    Parameters
    ----------
    visit : Visit
    sounds : Sounds, optional

    Attributes
    ----------
    error : Exception or None
        What a page raised; it has closed the window.
    step : str
        Which page is shown.
    """

    def __init__(self, visit: Visit, sounds: Sounds | None = None) -> None:
        super().__init__("glutesym", _SIZE_PX)
        self.error: Exception | None = None
        self.visit = visit
        self.step: Step = "connect"
        self._sounds = sounds or Sounds()
        self._look = ("", 0.0)
        self.pages: dict[Step, Page] = {
            "connect": ConnectPage(visit, self.go),
            "check": CheckPage(visit, self.go),
            "calibrate": CalibratePage(visit, self.go, self._sounds),
            "set": SetPage(visit, self.go),
            "live": LivePage(visit, self.go),
            "result": ResultPage(visit, self.go, self.close_soon),
            "review": ReviewStep(visit, self.go),
        }
        self._steps = style.label("", "small", "steps")
        self._steps.setTextFormat(QtCore.Qt.TextFormat.RichText)
        self._steps.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self._stack = QtWidgets.QStackedWidget()
        for step in get_args(Step):
            self._stack.addWidget(self.pages[step])
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._steps)
        column.addWidget(self._stack, 1)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_REFRESH_MS)
        self.go("connect")

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self.pages[self.step]

    def go(self, step: Step) -> None:
        """Show another page."""
        if step != self.step:
            self.page.leave()
        self.step = step
        self._stack.setCurrentWidget(self.page)
        self._show_steps()
        self._guarded(self.page.enter)
        self.refresh()
        self.page.setFocus()
        self.page.bar.focus_main()

    def refresh(self) -> None:
        """Take a snapshot and show it."""
        self._guarded(lambda: self.page.show_state(self.visit.poll()))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Pass keys on to the page."""
        if not self.page.bar.handle(event):
            super().keyPressEvent(event)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        """End what runs, and let the window go; whoever opened it waits for the end."""
        self._timer.stop()
        self.page.leave()
        self.visit.stop()
        self._sounds.close()
        event.accept()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Set sizes in proportion to the window."""
        self.restyle()

    def restyle(self) -> None:
        """Take the theme in use and sizes in proportion to the window."""
        unit = style.unit_for(self.size())
        look = (style.sheet(unit), unit)
        if look == self._look:
            return
        self._look = look
        self.setStyleSheet(look[0])
        for page in self.pages.values():
            page.set_unit(unit)
        self._show_steps()

    def _show_steps(self) -> None:
        shown = list(dict.fromkeys(_TITLES.values()))
        here = shown.index(_TITLES[self.step])
        words: list[str] = []
        for at, title in enumerate(shown):
            name = f"{at + 1} {title}".replace(" ", "&nbsp;")
            color = theme.TEXT if at == here else theme.DIM
            weight = "bold" if at == here else "normal"
            words.append(f'<span style="color:{color}; font-weight:{weight}">{name}</span>')
        self._steps.setText(" › ".join(words))

    def _guarded(self, action: Callable[[], None]) -> None:
        """Run an action; what it raises closes the window and is kept for the caller."""
        try:
            action()
        except Exception as error:
            self.error = self.error or error
            self.close()


def run_app(visit: Visit) -> None:
    """Show the app until its window is closed; Ctrl-C in the terminal closes it as well.

    What still runs then is the caller's to end: `Visit.end`.

    Parameters
    ----------
    visit : Visit

    Raises
    ------
    MissingPartError
        Qt, pyqtgraph or a system library is missing (when this module is imported).
    Exception
        Whatever a page raised; the window is closed first.
    """
    window = run_until_closed(lambda: AppWindow(visit))
    if window.error is not None:
        raise window.error
