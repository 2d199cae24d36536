"""A window of its own for the review of a session."""

from __future__ import annotations

from pathlib import Path

from glutesym.gui import theme
from glutesym.gui.qt import QtGui, QtWidgets
from glutesym.gui.review import ReviewPage
from glutesym.gui.top_window import TopWindow, run_until_closed

_SIZE_PX = (1280, 860)


class ReviewWindow(TopWindow):
    """The page and nothing else."""

    def __init__(
        self, path: Path, placement: str | None = None, by: str = "", mains_hz: int | None = None
    ) -> None:
        super().__init__(f"{path.name} – glutesym", _SIZE_PX)
        self.page = ReviewPage(path, self.close_soon, placement, by, "Close", mains_hz)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.page)
        self.restyle()
        self.page.setFocus()

    def restyle(self) -> None:
        """Take the theme in use; the page takes its size itself."""
        self.setStyleSheet(f"#app {{ background: {theme.WINDOW}; }}")
        self.page.set_unit()

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        """Let what is being written be finished."""
        self.page.stop()
        event.accept()


def run_review(
    path: Path, placement: str | None = None, by: str = "", mains_hz: int | None = None
) -> None:
    """Show the review of a session until its window is closed; Ctrl-C closes it as well.

    Raises
    ------
    MissingPartError
        Qt, pyqtgraph or a system library is missing (when this module is imported).
    """
    run_until_closed(lambda: ReviewWindow(path, placement, by, mains_hz))
