"""On whose behalf code runs, by which interface, and from where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True)
class Origin:
    interface: str = ""
    """page, api, chat, command, task or webhook"""
    actor: User | None = None
    actor_name: str = ""
    """what acts where it is no account: the name of a task or command"""
    token_name: str = ""
    address: str = ""

    @property
    def name(self) -> str:
        return self.actor.get_username() if self.actor else self.actor_name


NOWHERE = Origin()
SETUP = Origin("setup")
"""Rows that an empty database starts with: nobody made them, so they are not recorded."""
_current: ContextVar[Callable[[], Origin]] = ContextVar("origin", default=lambda: NOWHERE)


def origin() -> Origin:
    return _current.get()()


@contextmanager
def acting(as_what: Origin | Callable[[], Origin]) -> Iterator[None]:
    """What is recorded inside has this origin.

    A request gives a function: who it is from is known only once somebody reads its token.
    """
    chosen = (lambda: as_what) if isinstance(as_what, Origin) else as_what
    token = _current.set(chosen)
    try:
        yield
    finally:
        _current.reset(token)
