"""Which frames of a run have arrived, and which are missing, whatever order they come in."""

from __future__ import annotations

from bisect import bisect_right

_HOLES_KEPT = 4096  # more cannot arise on a link that keeps its order; bounds what nonsense costs


class Sequence:
    """Account of the frames of one run; numbers count from 0."""

    def __init__(self) -> None:
        self._first: list[int] = []  # of each hole, in order
        self._end: list[int] = []
        self.next = 0  # one more than the highest number seen
        self.lost = 0  # frames that will not come any more

    @property
    def complete(self) -> int:
        """Everything before this number has arrived or is lost."""
        return self._first[0] if self._first else self.next

    @property
    def missing(self) -> int:
        """How many frames are missing but may still come."""
        return sum(self._end) - sum(self._first)

    def arrive(self, number: int) -> bool:
        """Note the arrival of a frame; False when it has been here before, or came too late."""
        if number >= self.next:
            if number > self.next:
                self._first.append(self.next)
                self._end.append(number)
                self._bound()
            self.next = number + 1
            return True
        hole = bisect_right(self._first, number) - 1
        if hole < 0 or number >= self._end[hole]:
            return False
        first, end = self._first[hole], self._end[hole]
        if number + 1 < end:
            self._first.insert(hole + 1, number + 1)
            self._end.insert(hole + 1, end)
        self._end[hole] = number
        if first == number:
            del self._first[hole], self._end[hole]
        self._bound()
        return True

    def give_up_before(self, number: int) -> int:
        """Note that missing frames before a number do not exist any more; returns how many."""
        lost = 0
        while self._first and self._first[0] < number:
            end = min(number, self._end[0])
            lost += end - self._first[0]
            self._first[0] = end
            if end == self._end[0]:
                del self._first[0], self._end[0]
        self.lost += lost
        return lost

    def wanted(self, start: int, most: int) -> tuple[int, int] | None:
        """Return (first number, how many) of the first missing stretch at or after ``start``.

        At most ``most`` frames; None when nothing is missing there.
        """
        hole = max(0, bisect_right(self._first, start) - 1)
        while hole < len(self._first):
            first = max(start, self._first[hole])
            if first < self._end[hole]:
                return first, min(most, self._end[hole] - first)
            hole += 1
        return None

    def has_hole_in(self, first: int, end: int) -> bool:
        """Whether any frame of first ... end - 1 is missing."""
        found = self.wanted(first, 1)
        return found is not None and found[0] < end

    def _bound(self) -> None:
        while len(self._first) > _HOLES_KEPT:
            self.give_up_before(self._end[0])
