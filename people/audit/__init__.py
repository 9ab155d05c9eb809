"""The audit log: what is recorded, on whose behalf, and how. docs/audit.md describes it."""

from common.origin import SETUP, Origin, acting, origin
from people.audit.reading import record_reading, record_readings
from people.audit.recording import record
from people.audit.refusals import record_refusal
from people.audit.watching import AUDITED, created, update, watch

__all__ = [
    "AUDITED",
    "SETUP",
    "Origin",
    "acting",
    "created",
    "origin",
    "record",
    "record_reading",
    "record_readings",
    "record_refusal",
    "update",
    "watch",
]
