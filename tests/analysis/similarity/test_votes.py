"""Votes of past incidents on causes."""

from __future__ import annotations

from analysis.similarity.votes import Link, vote


def test_confirmed_votes_count_more_than_suspected_and_rejected_count_against() -> None:
    likeness = {1: 0.8, 2: 0.8, 3: 0.8}
    links = [
        Link(1, 10, "root", "suspected"),
        Link(2, 20, "root", "confirmed"),
        Link(3, 30, "root", "rejected"),
    ]
    assert [ballot.cause for ballot in vote(likeness, links)] == [20, 10]
