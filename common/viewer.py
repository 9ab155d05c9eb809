"""Who reads: a signed-in user, an anonymous visitor, or a task on behalf of nobody."""

from __future__ import annotations

from typing import Any, Protocol


class Viewer(Protocol):
    """What permission checks need of a user.

    Django's users and AnonymousUser satisfy it as they are. A user who came with an API token that
    is limited to a team also carries `only_team`; read it with `only_team()`.
    """

    @property
    def pk(self) -> Any: ...

    def has_perm(self, perm: str, /) -> bool: ...


class Nobody:
    """Reads on behalf of nobody, as background tasks do: sees only what is public."""

    pk: None = None

    def has_perm(self, perm: str, /) -> bool:
        return False


def only_team(viewer: Viewer) -> str:
    """The team whose incidents are the only ones this viewer may see; empty without a limit."""
    return str(getattr(viewer, "only_team", ""))
