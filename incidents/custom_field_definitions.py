"""Defines custom fields, changes and archives them. Values are never lost by it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.row_limits import require_space
from common.viewer import Viewer
from incidents.custom_fields.values import forget_listed_fields
from incidents.events.signals import similarity_fields_changed
from incidents.models import CustomField, Incident, Service
from incidents.permissions import MANAGE_FIELDS
from incidents.search.filters import AlertFilter, IncidentFilter
from incidents.search.query_language import SEARCH_FIELDS
from people.permissions import require

MOST_FIELDS = 50
"""Of incidents, and as many of services."""
_FIXED = ("name", "kind", "belongs_to")


@transaction.atomic
def save_field(field: CustomField, author: Viewer, **fields: Any) -> CustomField:
    """Define a field, or change one. Name, kind and where it belongs stay once it has values.

    Raises PermissionDenied, and ValidationError by field.
    """
    require(author, MANAGE_FIELDS)
    before = CustomField.objects.select_for_update().filter(pk=field.pk).first()
    for name, value in fields.items():
        setattr(field, name, value)
    field.full_clean()
    if before is None:
        same = CustomField.objects.filter(belongs_to=field.belongs_to)
        require_space(same, MOST_FIELDS, "name", _("Incidents, and services, have custom fields,"))
    _refuse_taken_name(field)
    if before is not None:
        _refuse_change_below_values(before, field)
    if before is not None and _feeds(before) != _feeds(field):
        field.similarity_changed_at = timezone.now()
        transaction.on_commit(lambda: similarity_fields_changed.send_robust(sender=CustomField))
    field.save()
    forget_listed_fields()
    return field


def _feeds(field: CustomField) -> bool:
    return field.feeds_similarity and not field.archived


def archive_field(field: CustomField, author: Viewer, archived: bool = True) -> CustomField:
    """Take a field out of use, or back into use with all its values."""
    return save_field(field, author, archived=archived)


def _refuse_taken_name(field: CustomField) -> None:
    """A name means one thing in forms, filters and search."""
    taken = {*SEARCH_FIELDS.keys(), *IncidentFilter.base_filters, *AlertFilter.base_filters}
    for model in (Incident, Service):
        taken |= {each.name for each in model._meta.get_fields()}
    if field.name in taken:
        raise ValidationError(
            {
                "name": ValidationError(
                    _("“%(name)s” means something already: choose another, such as our_%(name)s."),
                    params={"name": field.name},
                )
            }
        )


def _refuse_change_below_values(before: CustomField, field: CustomField) -> None:
    changed = [name for name in _FIXED if getattr(before, name) != getattr(field, name)]
    count = before.values.count() if changed else 0
    if count:
        raise ValidationError(
            {
                name: ValidationError(
                    _("It has values (%(count)s): archive it and define another."),
                    params={"count": count},
                )
                for name in changed
            }
        )
