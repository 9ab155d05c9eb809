"""What the audit log records of sources of evidence and of what they are asked by people."""

from analysis.models import Collector, LogWatch, Source
from people.audit import watch

STATE = {"failures", "resting_until", "trouble", "answered_at", "last_refusal"}
"""What pulls record of a source."""


def watch_models() -> None:
    watch(Source, always=True, secret={"sealed"}, ignored=STATE)
    watch(LogWatch, always=True)
    watch(Collector, always=False)
