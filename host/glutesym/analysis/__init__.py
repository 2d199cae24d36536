"""Analysis: one question a file, pure functions on NumPy arrays."""
