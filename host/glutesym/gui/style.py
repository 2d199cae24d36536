"""How the pages' ordinary widgets look: the theme's colours and sizes as a Qt style sheet."""

from __future__ import annotations

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtWidgets

NARROW_PX = 620  # below it, what stands side by side stands one below the other
_PAGE_PX = (860, 640)  # the size at which the sizes are the theme's
_UNITS = (0.82, 4.0)


def unit_for(size: QtCore.QSize) -> float:
    """Return the factor of all sizes on the pages of a window; they scroll before they shrink."""
    unit = min(size.width() / _PAGE_PX[0], size.height() / _PAGE_PX[1])
    return round(min(max(unit, _UNITS[0]), _UNITS[1]), 2)


def sheet(unit: float) -> str:
    """Return the style sheet of a window's pages."""
    body, small = theme.size_px("body", unit), theme.size_px("small", unit)
    title, large = theme.size_px("title", unit), theme.size_px("large", unit)
    pad, radius = round(7 * unit), round(6 * unit)
    focus = theme.SIDE_COLORS["left"]
    return f"""
    #app, #page {{ background: {theme.WINDOW}; }}
    QScrollArea {{ border: none; background: {theme.WINDOW}; }}
    QLabel {{ color: {theme.TEXT}; font-size: {body:.0f}px; background: transparent; }}
    QLabel[role="small"] {{ color: {theme.DIM}; font-size: {small:.0f}px; }}
    QLabel[role="title"] {{ font-size: {title:.0f}px; font-weight: bold; }}
    QLabel[role="large"] {{ font-size: {large:.0f}px; font-weight: bold; }}
    QLabel[role="left"] {{ color: {theme.now().left_ink}; font-size: {title:.0f}px;
        font-weight: bold; }}
    QLabel[role="right"] {{ color: {theme.now().right_ink}; font-size: {title:.0f}px;
        font-weight: bold; }}
    QLabel[role="wrong"] {{ color: {theme.TEXT}; font-size: {body:.0f}px; padding: {pad}px;
        border-left: {pad}px solid {theme.now().red}; }}
    QFrame#card {{ background: {theme.CARD}; border-radius: {radius}px; }}
    QFrame#advice {{ background: {theme.CARD}; border-radius: {radius}px;
        border: {max(2, pad // 3)}px solid {theme.now().red}; }}
    QPushButton {{ color: {theme.TEXT}; background: {theme.TRACK}; font-size: {body:.0f}px;
        border: 2px solid {theme.LINE}; border-radius: {radius}px;
        padding: {pad}px {2 * pad}px; }}
    QPushButton[main="true"] {{ background: {focus}; color: #0E1116; font-weight: bold;
        border-color: {focus}; }}
    QPushButton:disabled {{ color: {theme.DIM}; background: {theme.CARD};
        border-color: {theme.LINE}; }}
    QPushButton:focus {{ border-color: {theme.TEXT}; }}
    QPushButton:pressed {{ border-color: {theme.DIM}; }}
    QLineEdit, QComboBox {{ color: {theme.TEXT}; background: {theme.TRACK};
        font-size: {body:.0f}px; border: 2px solid {theme.LINE}; border-radius: {radius}px;
        padding: {pad}px; selection-background-color: {focus}; selection-color: #0E1116; }}
    QLineEdit:focus, QComboBox:focus {{ border-color: {theme.TEXT}; }}
    QComboBox::drop-down {{ width: {5 * pad}px; }}
    QComboBox QAbstractItemView {{ color: {theme.TEXT}; background: {theme.TRACK};
        font-size: {body:.0f}px; selection-background-color: {focus};
        selection-color: #0E1116; }}
    QTableWidget {{ color: {theme.TEXT}; background: {theme.CARD}; border: none;
        font-size: {small:.0f}px; gridline-color: {theme.LINE};
        selection-background-color: {theme.TRACK}; selection-color: {theme.TEXT}; }}
    QTableWidget::item {{ padding: 0 {pad}px; }}
    QHeaderView::section {{ color: {theme.DIM}; background: {theme.CARD}; border: none;
        font-size: {small:.0f}px; padding: {pad // 2}px; }}
    QScrollBar:vertical {{ background: {theme.WINDOW}; width: {pad + 4}px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {theme.LINE}; min-height: 40px;
        border-radius: {pad // 2}px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: none; }}
    QTableCornerButton::section {{ background: {theme.CARD}; border: none; }}
    """


def label(text: str = "", role: str = "body", name: str = "") -> QtWidgets.QLabel:
    """Return words in one role of the type scale; they wrap."""
    made = QtWidgets.QLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(True)
    made.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    if name:
        made.setObjectName(name)
    return made


def card(layout: QtWidgets.QLayout) -> QtWidgets.QFrame:
    """Return a rounded panel."""
    made = QtWidgets.QFrame()
    made.setObjectName("card")
    made.setLayout(layout)
    return made


def set_property(widget: QtWidgets.QWidget, name: str, value: str | bool) -> None:
    """Set what the style sheet looks at, and let it look again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
