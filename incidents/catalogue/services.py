"""Creating and editing a service, whether by form, API or admin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.viewer import Viewer
from incidents.catalogue.lifecycle_gates import gate_refusal
from incidents.custom_fields.values import (
    BelongsTo,
    Given,
    read_values,
    require_needed,
    write_values,
)
from incidents.models import Service
from incidents.permissions import ADD_SERVICES, EDIT_SERVICES, IMPORT_CATALOGUE
from people.models import Team
from people.permissions import may, require


def _team_named(name: str, author: Viewer) -> Team | None:
    """Raises ValidationError if there is none so named and `author` may not add one so."""
    known = Team.known(name)
    if known or not name.strip() or may(author, IMPORT_CATALOGUE):
        return known or Team.named(name)
    raise ValidationError({"owner_team": Team.unknown(name)})


MOST_DEPENDENCIES = 300


def check_service(service: Service, fields: Mapping[str, Any]) -> None:
    """Raises ValidationError by field if it would depend on itself or a gate is not passed."""
    errors: dict[str, Text | ValidationError] = {}
    if service.pk and any(each.pk == service.pk for each in fields.get("depends_on") or ()):
        errors["depends_on"] = _("A service does not depend on itself.")
    if len(fields.get("depends_on") or ()) > MOST_DEPENDENCIES:
        errors["depends_on"] = ValidationError(
            _("A service depends on others, up to %(most)s."), params={"most": MOST_DEPENDENCIES}
        )
    if reason := gate_refusal(service, fields):
        errors["lifecycle"] = reason
    if errors:
        raise ValidationError(errors)


@transaction.atomic
def save_service(
    service: Service,
    author: Viewer,
    depends_on: Iterable[Service] | None = None,
    owner_team: str | None = None,
    custom_fields: Given | None = None,
    **fields: Any,
) -> Service:
    """Set fields of a new or known service and save it.

    `owner_team` names the team that owns it; a manager may name one that does not exist yet.
    Custom fields are given by name; None is for who cannot give those that are needed.
    Raises ValidationError by field, and PermissionDenied if `author` may not edit it as it was, or
    as it would be: nobody gives a service to a team that they could not take it from.
    """
    if service.pk:
        require(author, EDIT_SERVICES, service)
    dependencies = None if depends_on is None else list(depends_on)
    check_service(service, {**fields, "depends_on": dependencies})
    if owner_team is not None:
        fields["owner"] = _team_named(owner_team, author)
    for name, value in fields.items():
        setattr(service, name, value)
    require(author, EDIT_SERVICES if service.pk else ADD_SERVICES, service)
    service.full_clean()
    values = read_values(BelongsTo.SERVICES, custom_fields or {}, service)
    if custom_fields is not None and not service.pk:
        require_needed(BelongsTo.SERVICES, custom_fields)
    service.save()
    if values:
        write_values(service, values)
    if dependencies is not None:
        service.depends_on.set(dependencies)
    return service
