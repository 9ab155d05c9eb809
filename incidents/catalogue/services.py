"""Creating and editing a service, whether by form, API or admin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.catalogue.lifecycle_gates import gate_refusal
from incidents.models import Service


def check_service(service: Service, fields: Mapping[str, Any]) -> None:
    """Raises ValidationError by field if it would depend on itself or a gate is not passed."""
    errors = {}
    if service.pk and any(each.pk == service.pk for each in fields.get("depends_on") or ()):
        errors["depends_on"] = "A service does not depend on itself."
    if reason := gate_refusal(service, fields):
        errors["lifecycle"] = reason
    if errors:
        raise ValidationError(errors)


@transaction.atomic
def save_service(
    service: Service, depends_on: Iterable[Service] | None = None, **fields: Any
) -> Service:
    """Set fields of a new or known service and save it. Raises ValidationError by field."""
    dependencies = None if depends_on is None else list(depends_on)
    check_service(service, {**fields, "depends_on": dependencies})
    for name, value in fields.items():
        setattr(service, name, value)
    service.full_clean()
    service.save()
    if dependencies is not None:
        service.depends_on.set(dependencies)
    return service
