"""What log lines are about: the request, task, delivery and incident that code runs for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

FIELDS = ("request_id", "task", "task_id", "delivery_id", "incident_id")
MOST_CHARACTERS = 200
_context: ContextVar[Mapping[str, str]] = ContextVar(
    "what log lines are about", default=MappingProxyType({})
)


def log_context() -> Mapping[str, str]:
    return _context.get()


@contextmanager
def logging_about(**fields: object) -> Iterator[None]:
    """Log lines written inside say `fields`, of FIELDS; what is empty is left out."""
    known = {name: str(value)[:MOST_CHARACTERS] for name, value in fields.items() if value}
    token = _context.set({**_context.get(), **known})
    try:
        yield
    finally:
        _context.reset(token)
