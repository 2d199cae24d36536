"""The swap test: whether the body is uneven, or the pods and their electrodes.

The same exercise twice, the second time with each pod on the other side. What comes from the body
then changes its sign, what comes from a pod, its electrodes' gain or its place in the wiring, does
not. Fresh electrodes at other places add errors of their own, which the intervals do not know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glutesym.measures import Estimate


@dataclass(frozen=True)
class SwapTest:
    """What of a symmetry index, percent, comes from where; positive: right larger."""

    body_pct: Estimate
    pods_pct: Estimate  # as the pods were worn at first

    @property
    def sentence(self) -> str:
        """What that means, in words."""
        if self.body_pct.value is None:
            return f"The swap test says nothing: {self.body_pct.reason}"
        body, pods = _sides(self.body_pct), _sides(self.pods_pct)
        if body:
            also = f"; the pods themselves read {pods}" if pods else ""
            return f"The body is uneven: {body}{also}"
        if pods:
            return f"The pods or their electrodes are uneven, not the body: {pods}"
        return "Neither the body nor the pods are uneven beyond noise"


def swap_test(first: Estimate, swapped: Estimate) -> SwapTest:
    """Separate body and pods.

    Parameters
    ----------
    first, swapped : Estimate
        Symmetry index of a set, and of another one with each pod on the other side, both as the
        pods call the sides.
    """
    known = (first.ci_low, first.ci_high, swapped.ci_low, swapped.ci_high)
    if first.value is None or swapped.value is None or any(x is None for x in known):
        reason = first.reason or swapped.reason or "a set has no symmetry index"
        return SwapTest(Estimate(None, reason=reason), Estimate(None, reason=reason))
    low, high, other_low, other_high = (float(x or 0.0) for x in known)
    half = 0.25 * float(np.hypot(high - low, other_high - other_low))

    def around(value: float) -> Estimate:
        return Estimate(value, value - half, value + half)

    return SwapTest(
        around(0.5 * (first.value - swapped.value)), around(0.5 * (first.value + swapped.value))
    )


def _sides(estimate: Estimate) -> str:
    """Say which side is lower; empty when the interval holds zero."""
    value, low, high = estimate.value, estimate.ci_low, estimate.ci_high
    if value is None or low is None or high is None or low <= 0 <= high:
        return ""
    side = "left" if value > 0 else "right"
    return f"{side} lower by {abs(value):.0f} % (±{0.5 * (high - low):.0f})"
