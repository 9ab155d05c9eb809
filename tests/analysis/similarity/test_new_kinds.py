"""Which failures are called new while history is too small to learn from."""

from __future__ import annotations

import pytest

from analysis.similarity.calibration import is_new_uncalibrated
from analysis.similarity.votes import Ballot


@pytest.mark.parametrize(
    ("likeness", "checks", "new"),
    [
        pytest.param(0.25, 1.0, False, id="words are shared"),
        pytest.param(0.15, 1.0, True, id="hardly any word is shared"),
        pytest.param(0.15, 1.5, False, id="few words, but what proved the cause then holds now"),
        pytest.param(0.05, 1.5, True, id="a check alone, that holds for much else, names no cause"),
        pytest.param(0.25, 0.6, False, id="a check that fails puts a cause lower, no more"),
    ],
)
def test_a_check_that_holds_makes_up_for_words_that_differ(
    likeness: float, checks: float, new: bool
) -> None:
    ballot = Ballot(1, likeness * checks, likeness=likeness, checks=checks)
    assert is_new_uncalibrated([ballot]) is new


def test_without_any_cause_it_is_new() -> None:
    assert is_new_uncalibrated([])
