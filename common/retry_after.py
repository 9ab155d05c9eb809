"""How long a server that was called too often wants to be left alone."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime


def seconds_to_wait(written: str, *, usual: float, longest: float) -> float:
    """Seconds by the value of a Retry-After header, a number or a date of HTTP.

    Between a second and `longest`; `usual` where it is neither.
    """
    if written.isascii() and written.isdigit():
        seconds = float(written[:9])
    else:
        try:
            until = parsedate_to_datetime(written)
            seconds = (until - datetime.now(until.tzinfo)).total_seconds()
        except (TypeError, ValueError):
            return usual
    return min(max(seconds, 1.0), longest)
