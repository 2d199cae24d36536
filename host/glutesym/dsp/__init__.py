"""Signal processing: one algorithm a file, on NumPy arrays, no input or output."""
