"""The bench test of a built pod: a test box stands for the body, and every number has a limit."""
