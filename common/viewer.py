"""Who reads: a signed-in user, an anonymous visitor, or a task on behalf of nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from django.core.exceptions import PermissionDenied

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


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


class _HasUser(Protocol):
    @property
    def user(self) -> User | AnonymousUser: ...


def signed_in(request: _HasUser) -> User:
    """The account that a request of a page or of the API came from.

    Raises PermissionDenied for an anonymous visitor, whom pages and API refuse before this.
    """
    user = request.user
    if not user.is_authenticated:
        raise PermissionDenied("Sign in first.")
    return user


class _LimitedViewer(Protocol):
    only_team: int | None


def limit_to_team(user: User, team: int | None) -> None:
    """From here on `user` may see the incidents of this team only; None: no limit."""
    cast("_LimitedViewer", user).only_team = team


def only_team(viewer: Viewer) -> int | None:
    """Key of the team whose incidents are the only ones this viewer may see; None: no limit."""
    return getattr(viewer, "only_team", None)
