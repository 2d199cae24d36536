"""The desk: asks in the main thread while the steps run in another."""

from __future__ import annotations

import asyncio
import io
import threading

import pytest
from rich.console import Console

from glutesym.bench.plan import Phase, Setup, choose_steps
from glutesym.cli_bench_desk import TerminalDesk
from glutesym.errors import GlutesymError
from glutesym.live_state import LiveState

(STEP,) = choose_steps(Setup(), ["off-p"])


def desk(*answers, yes=False):
    """Return a desk whose user gives these answers, and what it prints."""
    said = io.StringIO()
    replies = iter(answers)

    def read():
        try:
            return next(replies)
        except StopIteration:
            raise EOFError from None

    return TerminalDesk(Console(file=said, width=200), yes, read), said


def set_up(at):
    """Have a step set up in another thread while this one attends; returns the answer."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(asyncio.run(at.set_up(STEP))))
    thread.start()
    while thread.is_alive():
        at.attend()
        thread.join(0.005)
    return answers[0]


@pytest.mark.parametrize(
    ("answer", "go_on"), [("", True), ("s", False), (" S ", False), ("x", True)]
)
def test_enter_goes_on_and_s_leaves_out(answer, go_on):
    at, said = desk(answer)
    assert set_up(at) is go_on
    assert "SHORT" in said.getvalue()
    assert "Enter" in said.getvalue()


def test_what_to_turn_now_is_said_without_asking():
    at, said = desk()
    at.turn(Phase("OPEN_P", 5.0, "Now open OPEN_P."))
    at.progress(STEP, 0.5)
    at.attend()
    at.close()
    assert "Now open OPEN_P." in said.getvalue()


def test_what_holds_the_session_up_is_said_once():
    at, said = desk()
    for phase, message in (("scanning", ""), ("scanning", ""), ("connecting", "Trying again.")):
        at.attend(LiveState(phase=phase, message=message))
    at.attend(LiveState(phase="recording"))
    assert said.getvalue().count("No pod yet") == 1
    assert said.getvalue().count("Trying again.") == 1


def test_nobody_who_answers_is_an_error_that_says_what_to_do():
    at, _ = desk()

    async def ask():
        asking = asyncio.create_task(at.set_up(STEP))
        await asyncio.sleep(0)
        with pytest.raises(GlutesymError, match="--yes"):
            at.attend()
        asking.cancel()

    asyncio.run(ask())


def test_an_answer_after_the_end_does_no_harm():
    at, _ = desk("")

    async def ask():
        asyncio.create_task(at.set_up(STEP)).add_done_callback(lambda task: task.cancelled())
        await asyncio.sleep(0)

    asyncio.run(ask())
    at.attend()  # its loop is closed by now
