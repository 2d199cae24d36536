"""Somebody at a bench: what to set is asked in the terminal, in the main thread."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from glutesym.bench.plan import Phase, Step
from glutesym.errors import GlutesymError
from glutesym.live_state import LiveState

_PAUSE_S = 8.0  # to turn a switch, when nothing is asked
_Answer = Callable[[bool], None]


class TerminalDesk:
    """Asks in the terminal; a `glutesym.bench.guide.Desk`.

    The steps run in the thread that records; `attend` is to be called again and again in the main
    thread, where input may block and Ctrl-C arrives.

    Parameters
    ----------
    console : Console
    yes : bool
        Ask nothing: say what to set, and begin some seconds later.
    read : callable
        Returns a line of the user.
    """

    def __init__(self, console: Console, yes: bool, read: Callable[[], str] = input) -> None:
        self._console = console
        self._yes = yes
        self._read = read
        self._asked: queue.SimpleQueue[tuple[str, _Answer | None]] = queue.SimpleQueue()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=1.0, visible=False)
        self._told = ""
        self._shown: tuple[Step, float] | None = None

    async def set_up(self, step: Step) -> bool:
        """Ask for box and generator to be set; False: the step is to be left out."""
        if self._yes:
            self._asked.put((f"{step.title}. {step.ask} It begins in {_PAUSE_S:g} s.", None))
            await asyncio.sleep(_PAUSE_S)
            return True
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bool] = loop.create_future()

        def answer(go_on: bool) -> None:
            def tell() -> None:
                if not answered.done():
                    answered.set_result(go_on)

            try:
                loop.call_soon_threadsafe(tell)
            except RuntimeError:
                pass  # the session has ended meanwhile

        self._asked.put((f"{step.title}. {step.ask}", answer))
        return await answered

    def turn(self, phase: Phase) -> None:
        """Say what to turn now."""
        self._asked.put((phase.prompt, None))

    def progress(self, step: Step, done: float) -> None:
        """Show how far a step is, when the main thread next attends."""
        self._shown = step, done

    def attend(self, state: LiveState | None = None) -> None:
        """Say and ask what there is; in the main thread.

        ``state`` is that of the session, if there is anything to tell of it.

        Raises
        ------
        GlutesymError
            There is nobody to answer.
        """
        if state is not None:
            self._tell(state)
        if self._shown is not None:
            step, done = self._shown
            self._progress.start()
            self._progress.update(
                self._task, description=step.title, completed=done, visible=done < 1
            )
        while True:
            try:
                text, answer = self._asked.get_nowait()
            except queue.Empty:
                return
            if answer is None:
                self._console.print(text, style="bold", soft_wrap=True)
                continue
            self.close()
            self._console.print(f"{text} Then press Enter; s and Enter: leave it out.")
            try:
                answer(self._read().strip().lower() != "s")
            except EOFError:
                raise GlutesymError(
                    "Nobody answers: the terminal takes no input. Use --yes, which asks nothing."
                ) from None

    def _tell(self, state: LiveState) -> None:
        """Say what keeps the session from going on, once."""
        message = state.trouble or state.message
        if state.phase == "scanning":
            message = (
                message
                or "No pod yet: move it to wake it up. Is it within 5 m, on nobody else's link?"
            )
        if message and message != self._told:
            self._console.print(message, soft_wrap=True)
        self._told = message or self._told

    def close(self) -> None:
        """Take the progress bar away."""
        self._shown = None
        self._progress.stop()
