"""Where the views of a review are: side by side where there is room, else a tab each."""

from __future__ import annotations

from glutesym.gui import style, theme
from glutesym.gui.qt import QtCore, QtWidgets

_WIDE_PX = (980, 640)
_REFERENCE_PX = (1280, 860)  # where sizes are the theme's
_UNITS = (0.82, 4.0)
_ROWS = (29, 38, 33)  # per cent of the height: timeline, curves, table


class ReviewLayout(QtWidgets.QWidget):
    """All views, arranged for the room there is.

    Parameters
    ----------
    views : dict of str to QWidget
        By title, in the order of the tabs: timeline, table, curves, differences, then those that
        share one place.
    """

    chosen = QtCore.Signal(str)  # title of the tab that is shown now

    def __init__(self, views: dict[str, QtWidgets.QWidget]) -> None:
        super().__init__()
        self._views = views
        self.tabs = QtWidgets.QTabWidget()
        self.tabs.setObjectName("review_tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setUsesScrollButtons(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.tabBar().setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        self.tabs.currentChanged.connect(self._tell)
        self._grid = QtWidgets.QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._cards: list[QtWidgets.QWidget] = []
        self._is_wide: bool | None = None

    def arrange(self, size: QtCore.QSize, unit: float) -> None:
        """Arrange the views for a page of this size."""
        self._grid.setSpacing(round(8 * unit))
        wide = is_wide(size)
        if wide == self._is_wide:
            return
        shown = self.shown
        self._is_wide = wide
        self.tabs.blockSignals(True)
        titles = list(self._views)
        for view in self._views.values():
            view.setParent(None)
        self.tabs.clear()
        for card in self._cards:
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = []
        self._grid.removeWidget(self.tabs)
        if wide:
            timeline, table, curves, differences = titles[:4]
            self._put(timeline, 0, 0, 20)
            self._put(curves, 1, 0, 8)
            self._put(differences, 1, 8, 12)
            self._put(table, 2, 0, 12)
            self._grid.addWidget(self.tabs, 2, 12, 1, 8)
            for column in range(20):
                self._grid.setColumnStretch(column, 1)
            for row, share in enumerate(_ROWS):
                self._grid.setRowStretch(row, share)
        else:
            self._grid.addWidget(self.tabs, 0, 0, 3, 20)
        for title in titles[4:] if wide else titles:
            self.tabs.addTab(_scrolling(self._views[title]), title)
        for view in self._views.values():
            view.show()
        self.tabs.blockSignals(False)
        self.show_view(shown)
        self._tell(0)

    def show_view(self, title: str) -> None:
        """Bring a view into sight; those that are always there stay."""
        at = [self.tabs.tabText(i) for i in range(self.tabs.count())]
        if title in at:
            self.tabs.setCurrentIndex(at.index(title))

    def show_number(self, number: int) -> None:
        """Show a tab by its number, from 1."""
        if number <= self.tabs.count():
            self.tabs.setCurrentIndex(number - 1)

    @property
    def shown(self) -> str:
        """The title of the tab that is shown."""
        return self.tabs.tabText(self.tabs.currentIndex())

    def _put(self, title: str, row: int, column: int, columns: int) -> None:
        inside = QtWidgets.QVBoxLayout()
        inside.setContentsMargins(8, 6, 8, 6)
        inside.setSpacing(2)
        inside.addWidget(style.label(title.upper(), "small"))
        inside.addWidget(self._views[title], 1)
        card = style.card(inside)
        self._cards.append(card)
        self._grid.addWidget(card, row, column, 1, columns)

    def _tell(self, _index: int) -> None:
        self.chosen.emit(self.shown)


def is_wide(size: QtCore.QSize) -> bool:
    """Whether the views have room side by side."""
    return size.width() >= _WIDE_PX[0] and size.height() >= _WIDE_PX[1]


def unit_for(size: QtCore.QSize) -> float:
    """Return the factor of all sizes in a review of this size: more is on it than on a page."""
    if not is_wide(size):
        return min(style.unit_for(size), 1.0)
    unit = min(size.width() / _REFERENCE_PX[0], size.height() / _REFERENCE_PX[1])
    return round(min(max(unit, _UNITS[0]), _UNITS[1]), 2)


def review_sheet(unit: float) -> str:
    """Return the style sheet of a review: that of pages, and tabs, menus and the question."""
    body, small = theme.size_px("body", unit), theme.size_px("small", unit)
    pad, radius = round(7 * unit), round(6 * unit)
    return f"""{style.sheet(unit)}
    QLabel[role="left_end"] {{ color: {theme.now().left_ink}; font-size: {small:.0f}px;
        font-weight: bold; }}
    QLabel[role="right_end"] {{ color: {theme.now().right_ink}; font-size: {small:.0f}px;
        font-weight: bold; }}
    QTabWidget::pane {{ border: none; background: {theme.CARD}; }}
    QTabBar {{ background: transparent; }}
    QTabBar::tab {{ color: {theme.DIM}; background: {theme.WINDOW}; font-size: {small:.0f}px;
        padding: {pad // 2}px {round(1.2 * pad)}px; border: none;
        border-bottom: {max(2, pad // 3)}px solid {theme.LINE}; }}
    QTabBar::tab:selected {{ color: {theme.TEXT}; background: {theme.CARD};
        border-bottom-color: {theme.TEXT}; }}
    QTabBar QToolButton {{ background: {theme.TRACK}; border: 1px solid {theme.LINE}; }}
    QMenu {{ color: {theme.TEXT}; background: {theme.CARD}; font-size: {body:.0f}px;
        border: 1px solid {theme.LINE}; }}
    QMenu::item {{ padding: {pad // 2}px {2 * pad}px; }}
    QMenu::item:selected {{ background: {theme.TRACK}; }}
    QMenu::item:disabled {{ color: {theme.DIM}; }}
    QFrame#ask {{ background: {theme.CARD}; border: 2px solid {theme.TEXT};
        border-radius: {radius}px; }}
    QWidget#inside {{ background: {theme.CARD}; }}
    QTableWidget::item:selected {{ background: {theme.LINE}; color: {theme.TEXT}; }}
    QScrollBar:horizontal {{ background: {theme.WINDOW}; height: {pad + 4}px; margin: 0; }}
    QScrollBar::handle:horizontal {{ background: {theme.LINE}; min-width: 40px;
        border-radius: {pad // 2}px; }}
    QScrollBar::add-line:horizontal, QScrollBar::sub-line:horizontal {{ width: 0; }}
    QScrollBar::add-page:horizontal, QScrollBar::sub-page:horizontal {{ background: none; }}
    """


def _scrolling(view: QtWidgets.QWidget) -> QtWidgets.QScrollArea:
    inner = QtWidgets.QWidget()
    inner.setObjectName("inside")
    inside = QtWidgets.QVBoxLayout(inner)
    inside.setContentsMargins(8, 6, 8, 6)
    inside.addWidget(view)
    scroll = QtWidgets.QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
    scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(inner)
    return scroll
