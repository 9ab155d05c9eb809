"""Extension points: where a package offers something that packages above it may add to.

The package below owns a registry; a package above registers its parts in its `apps.py`, each under
a name of its own:

    COMMANDS: Registry[Command] = Registry("chat commands")     # below
    COMMANDS.register("ask", Command(…))                        # above, in AppConfig.ready
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """What was registered, by name, in the order of registration."""

    def __init__(self, title: str, own: Mapping[str, T] | None = None) -> None:
        """`title` names the entries in errors; `own` are those of the package that has it."""
        self.title = title
        self._entries = dict(own or {})

    def register(self, name: str, entry: T) -> T:
        """Add `entry`. Raises ValueError where another one has the name already."""
        if self._entries.setdefault(name, entry) is not entry:
            raise ValueError(f"The {self.title} have “{name}” already, and not {entry!r}.")
        return entry

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Registry of {self.title}: {', '.join(self) or 'empty'}>"
