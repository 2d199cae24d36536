"""How differently do the two glutes work, in amount and in time? Two pods tell."""

__version__ = "0.1.0"
