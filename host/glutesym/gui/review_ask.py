"""A question in one line, asked within the page: nothing else stops while it is open."""

from __future__ import annotations

from collections.abc import Callable

from glutesym.gui import style
from glutesym.gui.qt import QtCore, QtGui, QtWidgets


class AskBar(QtWidgets.QFrame):
    """What is asked, a line for the answer, Enter and Esc.

    Attributes
    ----------
    closed : signal
        It was answered or given up.
    """

    closed = QtCore.Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("ask")
        self._answered: Callable[[str], None] | None = None
        self._words = style.label("", "body", "ask_words")
        self.line = QtWidgets.QLineEdit()
        self.line.setObjectName("answer")
        self.line.setMaxLength(500)
        self.line.returnPressed.connect(self._accept)
        accept = QtWidgets.QPushButton("OK  [Enter]")
        accept.setObjectName("ask_ok")
        accept.setProperty("main", True)
        accept.clicked.connect(self._accept)
        leave = QtWidgets.QPushButton("Cancel  [Esc]")
        leave.setObjectName("ask_cancel")
        leave.clicked.connect(self.leave)
        self._row = QtWidgets.QBoxLayout(QtWidgets.QBoxLayout.Direction.LeftToRight)
        self._row.addWidget(self.line, 1)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(leave)
        buttons.addWidget(accept)
        self._row.addLayout(buttons)
        column = QtWidgets.QVBoxLayout(self)
        column.addWidget(self._words)
        column.addLayout(self._row)
        self.hide()

    def ask(self, words: str, answered: Callable[[str], None], hint: str, text: str = "") -> None:
        """Ask; the answer is passed on when Enter is pressed."""
        self._answered = answered
        self._words.setText(words)
        self.line.setText(text)
        self.line.setPlaceholderText(hint)
        self.line.selectAll()
        self.show()
        self.line.setFocus()

    def leave(self) -> None:
        """Do nothing instead."""
        self._answered = None
        self.hide()
        self.closed.emit()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Give the answer a line of its own where it is narrow."""
        direction = QtWidgets.QBoxLayout.Direction
        narrow = event.size().width() < style.NARROW_PX
        self._row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Escape gives it up; no key gets to the page."""
        if event.key() == QtCore.Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
            focus = QtWidgets.QApplication.focusWidget()
            if isinstance(focus, QtWidgets.QPushButton):
                focus.click()

    def _accept(self) -> None:
        answered, self._answered = self._answered, None
        words = self.line.text().strip()
        self.hide()
        self.closed.emit()
        if answered is not None:
            answered(words)
