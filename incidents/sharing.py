"""Who sees a private incident besides its reporter: people and teams that were added to it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.markdown import escape_markdown
from common.row_limits import require_space
from incidents import filing
from incidents.events.notices import notify
from incidents.models import Incident
from incidents.permissions import MAKE_PRIVATE
from people.models import Team
from people.permissions import require

MOST_VIEWERS = 200
"""People, and as many teams."""


def person_named(name: str) -> User:
    """Raises ValidationError if nobody who can sign in is called so."""
    person = get_user_model().objects.filter(username=name.strip(), is_active=True).first()
    if person is None:
        raise ValidationError(
            {
                "person": ValidationError(
                    _("Nobody signs in as “%(name)s”."), params={"name": name[:150]}
                )
            }
        )
    return person


def team_named(name: str) -> Team:
    """Raises ValidationError if there is no such team."""
    team = Team.known(name)
    if team is None:
        raise ValidationError({"team": Team.unknown(name)})
    return team


@transaction.atomic
def add_viewer(incident: Incident, viewer: User | Team, author: User) -> None:
    """Let a person or a team see a private incident; a person gets a notice.

    Raises PermissionDenied, and ValidationError for an incident that everybody sees.
    """
    _check(incident, author)
    those = {"incident_id": incident.pk}
    require_space(
        _rows(incident, viewer).filter(**those),
        MOST_VIEWERS,
        "person",
        _("It is shared with people,"),
    )
    added, _new = _rows(incident, viewer).get_or_create(**_key(incident, viewer))
    filing.add_entry(
        incident, filing.Kind.EDIT, f"{escape_markdown(str(viewer))} may see this now", author
    )
    if isinstance(viewer, User) and viewer != author:
        key = f"incident-{incident.pk}-shared-{added.pk}"
        text = f"{author} lets you see {incident.reference}"
        notify(viewer, key, text, incident.get_absolute_url())


@transaction.atomic
def remove_viewer(incident: Incident, viewer: User | Team, author: User) -> None:
    """Raises PermissionDenied, and ValidationError for the author: others take them off."""
    _check(incident, author)
    if viewer == author:
        raise ValidationError(
            {"person": _("You would no longer see it: let somebody else do that.")}
        )
    removed, _rows_by_model = _rows(incident, viewer).filter(**_key(incident, viewer)).delete()
    if removed:
        text = f"{escape_markdown(str(viewer))} may no longer see this"
        filing.add_entry(incident, filing.Kind.EDIT, text, author)


def _check(incident: Incident, author: User) -> None:
    require(author, MAKE_PRIVATE)
    if not incident.private:
        raise ValidationError({"person": _("Everybody sees this incident: make it private first.")})


def _rows(incident: Incident, viewer: User | Team) -> Any:
    field = incident.viewer_teams if isinstance(viewer, Team) else incident.viewers
    return field.through.objects


def _key(incident: Incident, viewer: User | Team) -> dict[str, int]:
    name = "team_id" if isinstance(viewer, Team) else "user_id"
    return {"incident_id": incident.pk, name: viewer.pk}
