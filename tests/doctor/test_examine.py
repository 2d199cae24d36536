"""Checks run side by side: one that fails or hangs neither hides nor holds up the others."""

from __future__ import annotations

import threading

from glutesym.doctor.examine import Examination, still_running
from glutesym.doctor.finding import Check, Finding


def found(subject, what):
    return Finding(subject, what, "ok", "fine")


def test_findings_come_subject_by_subject_in_the_order_of_their_checks():
    first_is_slow = threading.Event()

    def slow():
        first_is_slow.wait()
        yield found("computer", "slow")

    def two_subjects():
        first_is_slow.set()
        yield found("pods", "late")
        yield found("window", "early")

    checks = [
        Check(("computer",), "slow", slow),
        Check(("window", "pods"), "both", two_subjects),
        Check(("window",), "third", lambda: [found("window", "third")]),
    ]
    whats = [finding.what for finding in Examination(checks, 10.0)]
    assert whats == ["slow", "early", "third", "late"]


def test_an_exception_is_a_finding_and_what_was_found_before_it_stays():
    def fails():
        yield found("storage", "first")
        raise ValueError("what nobody thought of")

    checks = [
        Check(("storage",), "Folder", fails),
        Check(("storage",), "Room", lambda: [found("storage", "other")]),
    ]
    first, failed, other = Examination(checks, 10.0)
    assert (first.what, other.what) == ("first", "other")
    assert (failed.what, failed.mark) == ("Folder", "not checked")
    assert failed.found == "could not be checked: ValueError: what nobody thought of"


def test_a_check_that_hangs_is_given_up_and_what_it_says_later_is_ignored():
    for_ever, gone_on = threading.Event(), threading.Event()

    def hangs():
        yield found("serial", "first")
        for_ever.wait()
        yield found("serial", "too late")
        gone_on.set()

    checks = [
        Check(("serial",), "Ports", hangs),
        Check(("clock",), "Clock", lambda: [found("clock", "other")]),
    ]
    examination = Examination(checks, 0.05)
    whats = [(finding.what, finding.mark) for finding in examination]
    assert whats == [("first", "ok"), ("Ports", "not checked"), ("other", "ok")]
    assert still_running()
    for_ever.set()
    assert gone_on.wait(10)
    assert [finding.what for finding in examination] == ["first", "Ports", "other"]


def test_what_can_be_stopped_is_stopped_at_the_end():
    stop = threading.Event()

    def until_stopped():
        stop.wait()
        yield found("virtual", "stopped")

    examination = Examination([Check(("virtual",), "Pods", until_stopped, stop.set)], 0.01)
    (given_up,) = examination
    assert "no answer within 0.01 s" in given_up.found
    examination.close()
    for thread in threading.enumerate():
        if thread.name == "doctor: Pods":
            thread.join(10)
    assert not still_running()
