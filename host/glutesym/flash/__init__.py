"""Puts MicroPython and the pod's files on a board, and makes it somebody's pod."""
