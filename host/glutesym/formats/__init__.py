"""Sessions in the formats of other programs, and recordings of other EMG systems."""
