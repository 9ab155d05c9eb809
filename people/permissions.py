"""The one gate: whether somebody may do something. Pages, API, chat and tasks ask it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.viewer import Viewer, only_team
from people.acts import ACTS, Act, declare
from people.models import Membership, Role, RoleGrant

MANAGE_PEOPLE = declare("people.manage_people", _("manage people and teams"), Role.ADMINISTRATOR)
MANAGE_TOKENS = declare(
    "people.manage_tokens", _("see and end tokens of others"), Role.ADMINISTRATOR
)
ERASE_PEOPLE = declare(
    "people.erase_people", _("erase people and export what is stored of them"), Role.ADMINISTRATOR
)
SEE_STORAGE = declare(
    "people.see_storage", _("see what is stored, and what becomes of it"), Role.ADMINISTRATOR
)
READ_AUDIT_LOG = declare(
    "people.read_audit_log", _("read the audit log"), Role.ADMINISTRATOR, auditor=True
)


class OwnedByTeam(Protocol):
    """A record that a team may own, such as a service."""

    @property
    def owner_id(self) -> int | None: ...


@dataclass(frozen=True)
class Grants:
    """What roles and teams a person has."""

    everywhere: frozenset[str]
    of_teams: tuple[tuple[str, int], ...]
    """role and team"""

    def allow(self, act: Act) -> bool:
        """Whether a role includes the act: everywhere, or at least for what some team owns."""
        if any(act.allowed_to(role) for role in self.everywhere):
            return True
        return act.of_team and any(act.allowed_to(role) for role, _ in self.of_teams)

    def allow_for(self, act: Act, team: int | None, own_teams: frozenset[int]) -> bool:
        """Whether a role includes the act for a record that `team` owns; no team owns some."""
        for role in self.everywhere:
            if not act.allowed_to(role):
                continue
            everybodys = not act.of_team or Role(role).is_at_least(Role.MANAGER)
            if everybodys or team is None or team in own_teams:
                return True
        return any(act.allowed_to(role) and of == team for role, of in self.of_teams)


class _Remembering(Protocol):
    _grants: Grants
    _teams: frozenset[int]


def grants_of(viewer: Viewer) -> Grants:
    """The roles of a person, read once for each user object."""
    found = getattr(viewer, "_grants", None)
    if found is None:
        rows = list(RoleGrant.objects.filter(user_id=viewer.pk).values_list("role", "team_id"))
        found = Grants(
            frozenset(role for role, team in rows if team is None),
            tuple((role, team) for role, team in rows if team is not None),
        )
        cast("_Remembering", viewer)._grants = found
    return cast("Grants", found)


def teams_of(viewer: Viewer) -> frozenset[int]:
    """The teams that a person is a member of, read once for each user object."""
    found = getattr(viewer, "_teams", None)
    if found is None:
        rows = Membership.objects.filter(user_id=viewer.pk).values_list("team_id", flat=True)
        found = cast("_Remembering", viewer)._teams = frozenset(rows)
    return cast("frozenset[int]", found)


def may(viewer: Viewer, act: Act, record: OwnedByTeam | None = None) -> bool:
    """Whether `viewer` may do `act`, with this record if one is given.

    For an act on records of teams and without a record: whether there can be one they may do it
    with. A token that is limited to a team configures nothing, and does nothing to what other
    teams own.
    """
    limit = only_team(viewer)
    if limit is not None:
        if act.configures:
            return False
        if record is not None and act.of_team and record.owner_id != limit:
            return False
    if not viewer.has_perm(act.name):
        return False
    if record is None or not act.of_team or getattr(viewer, "is_superuser", False):
        return True
    if grants_of(viewer).allow_for(act, record.owner_id, teams_of(viewer)):
        return True
    # Allowed by one of Django's groups, which know no teams.
    return not grants_of(viewer).allow(act)


def refusal(act: Act, record: OwnedByTeam | None = None) -> Text:
    """A sentence for who may not."""
    sentence = _(
        "Your roles do not let you {act}: that takes the role {role} or a higher one. "
        "An administrator can assign it."
    )
    if record is not None and act.of_team:
        sentence = _(
            "Your roles do not let you {act} of this team: that takes the role {role} "
            "or a higher one. An administrator can assign it."
        )
    return format_lazy(sentence, act=act.title, role=act.role.label)


def require(viewer: Viewer, act: Act, record: OwnedByTeam | None = None) -> None:
    """Raises PermissionDenied with a sentence, unless `viewer` may."""
    if not may(viewer, act, record):
        raise PermissionDenied(refusal(act, record))


View = TypeVar("View", bound=Callable[..., HttpResponse])


def requires(act: Act, *methods: str) -> Callable[[View], View]:
    """Decorator of a page: it needs this act, for the methods named or for all."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
            if not methods or request.method in methods:
                require(request.user, act)
            return view(request, *args, **options)

        declared = cast("_Declares", guarded)
        declared.acts = {**getattr(view, "acts", {}), act: methods}
        return cast("View", guarded)

    return decorate


class _Declares(Protocol):
    acts: dict[Act, tuple[str, ...]]


def has_act(viewer: Viewer, name: str) -> bool:
    """Whether roles of `viewer` include the act of this name; False if no such act is declared."""
    act = ACTS.get(name)
    return act is not None and grants_of(viewer).allow(act)
