"""Step 5, looked at closely: the review of the newest set, in the app."""

from __future__ import annotations

from glutesym.gui.page import Go, Page
from glutesym.gui.review import ReviewPage
from glutesym.session.visit import Visit


class ReviewStep(Page):
    """Opens the review; what was edited in it is measured when it is left."""

    def __init__(self, visit: Visit, go: Go) -> None:
        super().__init__(visit, go)
        self._review: ReviewPage | None = None
        self.bar.hide()  # the review has its own

    def enter(self) -> None:
        """Open the newest set as it was measured."""
        path, choices = self.visit.path, self.visit.choices
        assert path is not None
        self._review = ReviewPage(
            path, lambda: self.go("result"), choices.placement, mains_hz=choices.mains_hz
        )
        self.fill_with(self._review)

    def leave(self) -> None:
        """End what runs, and measure the set as it is now: numbers and tables follow the edits."""
        review, self._review = self._review, None
        if review is not None:
            review.stop()
            self.take_away(review)
            self.visit.measure()

    def set_unit(self, unit: float) -> None:
        """Take the theme in use; the review takes its size itself."""
        if self._review is not None:
            self._review.set_unit()
