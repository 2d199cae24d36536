"""glutesym: how differently do the two glutes work, in amount and in time?"""

__version__ = "0.1.0"
