"""What a review writes: CSVs and the report; and the folder that they are in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from glutesym.errors import MissingPartError
from glutesym.gui.actions import Action, Key
from glutesym.gui.jobs import Jobs
from glutesym.gui.qt import QtCore, QtGui
from glutesym.installing import install_command
from glutesym.session.review import Review, Reviewed


class ReviewFiles:
    """Writes files beside a session.

    Parameters
    ----------
    review : Review
    jobs : Jobs
        Where they are written, after the edits that are under way.
    say : callable
        Gets what has become of it, and whether that is wrong.
    failed : callable
        Gets what a piece of work raised.
    """

    def __init__(
        self,
        review: Review,
        jobs: Jobs,
        say: Callable[[str, bool], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._review, self._jobs = review, jobs
        self._say, self._failed = say, failed
        self._written: Path | None = None  # the folder of what was written last

    def actions(self, reviewed: Reviewed | None) -> tuple[Action, ...]:
        """Return what can be written in a state."""
        there, written = reviewed is not None, self._written is not None

        def report() -> None:
            if reviewed is not None:
                self._report(reviewed)

        return (
            Action("csv", "Export CSV", Key.Key_C, self._export, there),
            Action("report", "Report", Key.Key_P, report, there),
            Action("folder", "Open the folder", Key.Key_O, self._open_folder, written),
        )

    def _export(self) -> None:
        self._write("Writing CSVs …", lambda: self._review.export(self._jobs.progress))

    def _report(self, reviewed: Reviewed) -> None:
        self._write("Drawing the report …", lambda: _write_report(reviewed))

    def _write(self, words: str, work: Callable[[], list[Path]]) -> None:
        self._say("", False)
        self._jobs.add(words, work, self._tell_files, self._failed)

    def _tell_files(self, files: list[Path]) -> None:
        folder = self._written = files[0].parent
        names = ", ".join(file.name for file in files)
        self._say(f"Written into {_breakable(folder)}: {names}  [O: open the folder]", False)

    def _open_folder(self) -> None:
        folder = self._written
        if folder is not None:
            url = QtCore.QUrl.fromLocalFile(str(folder.resolve()))
            if not QtGui.QDesktopServices.openUrl(url):
                self._say(f"⚠ No program opens folders here: {_breakable(folder)}", True)


def _breakable(path: Path) -> str:
    """Return a path that may be broken across lines behind its separators."""
    return str(path).replace("/", "/\N{ZERO WIDTH SPACE}").replace("\\", "\\\N{ZERO WIDTH SPACE}")


def _write_report(reviewed: Reviewed) -> list[Path]:
    try:
        from glutesym.report.write import write_report
    except ModuleNotFoundError as error:
        raise MissingPartError(
            f"What draws reports ({error.name})", install_command("report")
        ) from error
    session = reviewed.analyzed
    return write_report([session], session.path.parent)
