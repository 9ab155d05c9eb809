"""Numbers as people write them."""

from __future__ import annotations

import doctest
from decimal import Decimal

import pytest

from common import numbers
from common.promql import Threshold


def test_the_examples_hold() -> None:
    assert doctest.testmod(numbers).failed == 0


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (4e-9, "0.000000004"), (0.1 + 0.2, "0.3"), (1e6, "1000000"), (-2.50, "-2.5"), (0.0, "0"),
        (Decimal("100.00"), "100"), (Decimal("0E+3"), "0"), (5e300, "5" + "0" * 300),
    ],
)  # fmt: skip
def test_a_number_has_no_exponent_and_no_empty_zeros(value: float | Decimal, written: str) -> None:
    assert numbers.plain_number(value) == written


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_written_as_it_is(value: float) -> None:
    assert numbers.plain_number(value) == str(value)


def test_a_threshold_is_shown_in_full() -> None:
    assert Threshold(">", 4e-9).words == "> 0.000000004"
