"""Log lines to templates, and which of them are unusual."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.log_templates import (
    MANY_VALUES,
    count_templates,
    error_shares,
    mask,
    merged,
    possible_templates,
    unusual_templates,
)
from tests.sizes import examples

LOGS = st.text(st.sampled_from("ab1f=:,;.|&<>*[]{}()\"'/\\ \n\t-_%"), max_size=200)


@settings(deadline=None)
@given(st.text(max_size=300) | LOGS)
def test_the_template_of_a_line_depends_on_no_line_before(line: str) -> None:
    before = mask(line)
    mask(line.upper() + " user x")
    assert mask(line) == before
    assert not set("\x01\x02\x03") & set(mask(line)) - set(line)


@settings(deadline=None)
@given(st.text(max_size=60) | LOGS)
def test_which_digits_a_line_has_does_not_change_its_template(line: str) -> None:
    assert mask(line) == mask(line.translate(str.maketrans("123456789", "987654321")))


@settings(deadline=500, max_examples=examples(60))
@given(st.text(st.sampled_from('a1=:,.[{(<"/ \x03*'), min_size=1, max_size=6))
def test_a_hostile_line_takes_no_longer_than_its_length_allows(piece: str) -> None:
    assert mask("note " + piece * 2000).startswith("note")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Accepted for user anna from 10.0.0.7 port 51022",
            "Accepted for user bo from fe80::1 port 2",
        ),
        ("read 12 KB in 3 ms", "read 4 MB in 1 s"),
        ("mount /var/lib/a1 done", "mount /srv done"),
        ("login failed for root from 10.1.1.1", "login failed for mysql from 10.1.1.9"),
        (
            "wtoken = Token{a1 u0 Rec{b 2}}, shown= false",
            "wtoken = Token{cc u1 Rec{d 9}}, shown= true",
        ),
        ('lock tag="View Lock", by=null', 'lock tag="Launch", by=Work{77}'),
        ("nodes [a, b, c] joined", "nodes [d, e] joined"),
        ("heartbeat=true,lag=3", "heartbeat=false,lag=88"),
        ("fan speeds ( 3552 3375 3100 )", "fan speeds ( 3552 **** 3375 3100 2200 )"),
        ("db.example.org got a lease", "com.example.app got a lease"),
        ("from aa:bb:cc:dd:ee:ff", "from 5c:50:15:4c:18:13"),
        ("KeyError: x\n  File 'a.py', line 3", "KeyError: x\n  File 'b.py'\n  File 'c.py'"),
    ],
)
def test_what_differs_from_line_to_line_is_masked(one: str, other: str) -> None:
    assert mask(one) == mask(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("read/write lock lost", "load/store lock lost"),
        ("visible is panel.time.clock", "visible is panel.charge.icon"),
        ("onExtend:1514038530000 0 0", "onReport:1514038530000 0 0"),
        ("closed by com.example.TimeoutException", "closed by com.example.AuthException"),
        ("KeyError: x\nCaused by: disk full", "KeyError: x\nCaused by: no route"),
        ("user is unknown", "user has logged off"),
    ],
)
def test_what_says_what_happened_stays(one: str, other: str) -> None:
    assert mask(one) != mask(other)


def test_templates_that_differ_in_one_word_of_many_values_are_one() -> None:
    names = "ash birch cedar elm fir hazel larch oak pine".split()
    lines = [f"queue of {name} drained" for name in names]
    assert set(merged(lines).values()) == {"queue of <*> drained"}
    few = lines[: MANY_VALUES - 1]
    assert merged(few) == {line: line for line in few}


def test_the_first_word_says_what_happened_and_is_never_a_value() -> None:
    lines = [f"{name} startup succeeded" for name in "ab bc cd de ef fg gh hi ij jk".split()]
    assert merged(lines) == {line: line for line in lines}


def test_lists_of_different_length_are_one_template_and_keep_a_stable_text() -> None:
    short, long = mask("ask db to delete blk_1"), mask("ask db to delete blk_1 blk_2")
    assert merged([long, short]) == merged([short, long]) == {short: short, long: short}
    assert merged([long]) == {long: long}


@settings(deadline=None)
@given(st.lists(LOGS, max_size=20))
def test_a_line_alone_can_be_found_by_the_template_it_was_merged_into(lines: list[str]) -> None:
    names = "ash birch cedar elm fir hazel larch oak pine".split()
    lines += [f"queue of {name} drained" for name in names]
    chosen = merged(map(mask, lines))
    for line in lines:
        assert chosen[mask(line)] in possible_templates(line)


def test_many_new_lines_of_one_shape_are_one_finding() -> None:
    names = "ash birch cedar elm fir hazel larch oak pine".split()
    lines = [(100.0 + at, f"queue of {name} stuck") for at, name in enumerate(names)]
    found = unusual_templates(count_templates(lines, 50), 50, 100)
    assert [(each.count.template, each.count.after) for each in found] == [
        ("queue of <*> stuck", len(names))
    ]


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
