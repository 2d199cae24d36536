"""The window: PySide6 and pyqtgraph, one file a view.

Importing this package needs neither; its modules do, and say what to install when one is missing.
Ask :func:`glutesym.gui.display.display_problem` first whether a window can open.
"""
