"""Seeded noise for the virtual chips: the same sample number always has the same noise."""

from array import array

import world

_SIZES = (4093, 4091)  # primes: their sum repeats after 16.7 million samples
_MODULUS = 2147483647  # "minimal standard" generator, Park & Miller 1988 with multiplier 48271
_MULTIPLIER = 48271


class Noise:
    """Gaussian noise of unit variance: sample k is ``a[(k + start_a) % len(a)]``, plus that of b.

    Callers index the two tables themselves, in loops that must be fast. All noises of a pod share
    the tables, and start at other places.
    """

    def __init__(self, stream):
        self.a, self.b = _tables
        self.start_a = stream * 397 % _SIZES[0]
        self.start_b = stream * 1409 % _SIZES[1]

    def at(self, k):
        return self.a[(k + self.start_a) % _SIZES[0]] + self.b[(k + self.start_b) % _SIZES[1]]


def _gaussian(size, state):
    """Sums of four uniform numbers, of variance 1/2."""
    scale = (3 / 2) ** 0.5 / _MODULUS
    table = array("f", bytes(4 * size))
    for i in range(size):
        total = -2 * _MODULUS
        for _ in range(4):
            state = state * _MULTIPLIER % _MODULUS
            total += state
        table[i] = total * scale
    return table


_seed = 1 + int(world.config["unique_id"], 16) % (_MODULUS - 2)
_tables = (_gaussian(_SIZES[0], _seed), _gaussian(_SIZES[1], _seed * 69621 % _MODULUS))
