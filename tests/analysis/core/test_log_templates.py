"""Log lines to templates, and which of them are unusual."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.log_templates import (
    count_templates,
    error_shares,
    mask,
    template_id,
    unusual_templates,
)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_line_has_one_template_and_the_template_is_its_own(line: str) -> None:
    assert mask(line) == mask(line)
    assert template_id(mask(line)) == template_id(mask(line))


def test_what_differs_from_line_to_line_is_masked() -> None:
    one = mask("Accepted password for user anna from 10.0.0.7 port 51022")
    other = mask("Accepted password for user bert from 10.9.9.1 port 22")
    assert one == other


def test_new_and_bursting_lines_are_distinguished() -> None:
    lines = [(float(t), "usual line") for t in range(0, 1000, 10)]
    lines += [(float(t), "usual line") for t in range(900, 1000)]
    lines.append((950.0, "ERROR brand new"))
    found = unusual_templates(count_templates(lines, 900), 900, 100)
    assert {(f.kind, f.count.template) for f in found} == {
        ("new", "ERROR brand new"),
        ("burst", "usual line"),
    }


def test_a_template_that_stops_is_silent_and_one_that_is_rare_is_not() -> None:
    lines = [(float(at), "heartbeat from scheduler") for at in range(0, 3000, 10)]
    lines += [(float(at), "rare note of nothing") for at in range(0, 3000, 1500)]
    found = unusual_templates(count_templates(lines, 3000), 3000, 1000)
    assert [(each.kind, each.count.template) for each in found] == [
        ("silent", "heartbeat from scheduler")
    ]
    assert found[0].since == 2990


def test_the_share_of_errors_counts_only_when_it_clearly_rose() -> None:
    calm = [(float(at), "request served") for at in range(200)]
    worse = [(float(at), f"request {'failed' if at % 3 else 'served'}") for at in range(200, 260)]
    shares = error_shares(count_templates(calm + worse, 200))
    assert shares is not None
    assert shares[0] == 0
    assert shares[1] > 0.5
    assert error_shares(count_templates(calm + calm[:60], 200)) is None
