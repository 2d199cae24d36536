"""Sessions: one SQLite file of raw frames, and everything that derives from it."""
