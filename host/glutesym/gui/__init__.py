"""The window: PySide6 and pyqtgraph, one file a view."""
