"""Every bar that likeness or confidence must reach, in one place.

Likeness is 1 for a perfect match and 0 for nothing in common. Confidence is the calibrated
probability of being right, known once history is large enough to learn from.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    vote_from: float = 0.05
    """Likeness from which a document may vote for causes."""

    nothing_alike_below: float = 0.2
    """Likeness of the best suggestion below which the answer is "nothing alike in our history".

    Raise it and more incidents are called a new kind of failure. It holds while history is too
    small to learn from; from then on the calibration learns the bar, see `known_refused`.
    """

    known_refused: float = 0.08
    """The share of rightly answered questions that the learnt bar of "nothing alike" may refuse.

    Raise it and the learnt bar rises: more new kinds of failure are recognised as such, and more
    known ones are refused. Takes effect with the next `manage.py learn`.
    """

    listed_from: float = 0.12
    """Likeness from which a past incident is worth a line of its own."""

    duplicate_above: float = 0.45
    """Likeness above which an open incident may be the very same."""

    further_cause_from: float = 0.03
    """Confidence from which a cause is shown after the first one."""

    regression_from: float = 0.6
    """Confidence from which a cause counts as returned although it was fixed."""

    grouped_from: float = 0.35
    """Likeness from which two incidents without a cause may form a group."""


THRESHOLDS = Thresholds()
