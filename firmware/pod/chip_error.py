"""The exception of the chip drivers: absent, another chip, or registers that do not hold."""


class ChipError(OSError):
    """``chip`` answered ``found`` (None: not at all) where ``register`` should be ``expected``."""

    def __init__(self, chip, register, expected, found):
        answer = "no answer" if found is None else "found 0x%02X" % found
        super().__init__("%s: %s should be 0x%02X, %s" % (chip, register, expected, answer))
        self.chip = chip
        self.register = register
        self.expected = expected
        self.found = found
