"""How differently do the two glutes work, in amount and in time? Two pods tell."""

import os

# The matrices here are small: threads cost more than they give. OpenBLAS asks for it once, when
# NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
