"""Where a session stands among the earlier ones: measured as soon as somebody looks."""

from __future__ import annotations

from glutesym.errors import GlutesymError
from glutesym.gui.jobs import Jobs
from glutesym.gui.review_trend import TrendView
from glutesym.session.history import History
from glutesym.session.review import Review, Reviewed, with_newest


class EarlierSets:
    """Fills the trend.

    Parameters
    ----------
    review : Review
    jobs : Jobs
        Where the sessions are measured.
    view : TrendView
    """

    def __init__(self, review: Review, jobs: Jobs, view: TrendView) -> None:
        self._review, self._jobs, self._view = review, jobs, view
        self._begun = False
        self._history: History | None = None
        self._reviewed: Reviewed | None = None

    def show_reviewed(self, reviewed: Reviewed) -> None:
        """Show another state of this session among the earlier ones."""
        self._reviewed = reviewed
        self._show()

    def look(self) -> None:
        """Compare, unless that is done or under way."""
        if self._reviewed is None or self._begun:
            return
        self._begun = True
        self._view.say("Measuring the earlier sessions …")
        self._jobs.add(
            "Comparing …",
            lambda: self._review.compare(self._jobs.progress),
            self._compared,
            self._failed,
        )

    def _compared(self, history: History) -> None:
        self._history = history
        self._show()

    def _failed(self, error: Exception) -> None:
        self._begun = False
        self._view.say(f"No comparison: {error or repr(error)}")
        if not isinstance(error, GlutesymError):
            raise error

    def _show(self) -> None:
        if self._history is not None and self._reviewed is not None:
            history = with_newest(self._history, self._reviewed)
            here = self._reviewed.analyzed.path.resolve()
            own = (one for one in history.sets if one.path.resolve() == here)
            self._view.show_history(history, next(own, None))
