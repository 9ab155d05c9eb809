"""What is stored of a person, as JSON: their account, and every row that names it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from people import audit
from people.audit import AUDITED
from people.permissions import ERASE_PEOPLE, require

MOST = 20_000
"""Rows of one table and field; the newest."""
LONGEST = 20_000
_SECRET = ("password", "digest", "sealed", "secret", "token", "session_key", "slug", "key")
_FREE_TEXT = (models.CharField, models.TextField, models.JSONField, models.DateTimeField,
              models.DateField, models.BooleanField, models.GenericIPAddressField)  # fmt: skip


def export(person: User, by: User) -> dict[str, Any]:
    """Raises PermissionDenied; the audit log records it."""
    require(by, ERASE_PEOPLE)
    return export_person(person)


def export_person(person: User) -> dict[str, Any]:
    """`export` for whoever runs the server."""
    audit.record("person.exported", person)
    return {
        "exported_at": timezone.now().isoformat(),
        "account": {
            "id": person.pk,
            "username": person.get_username(),
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": person.email,
            "active": person.is_active,
            "created_at": person.date_joined.isoformat(),
            "last_sign_in": person.last_login and person.last_login.isoformat(),
        },
        "records": dict(_records(person)),
    }


def _records(person: User) -> Iterator[tuple[str, Any]]:
    """By table and field that names the person: the rows, without secrets."""
    for table in apps.get_models(include_auto_created=True):
        for field in table._meta.concrete_fields:
            if not field.is_relation or field.related_model is not User:
                continue
            rows = table._base_manager.filter(**{field.attname: person.pk}).order_by("-pk")
            shown = _fields(table)
            found = list(rows.values("pk", *(each.attname for each in shown))[: MOST + 1])
            if found:
                yield (
                    f"{table._meta.label_lower}.{field.name}",
                    {
                        "rows": [_plain(row) for row in found[:MOST]],
                        "left_off": max(0, rows.count() - MOST) if len(found) > MOST else 0,
                    },
                )


def _fields(table: type[models.Model]) -> list[Any]:
    watched = AUDITED.get(table._meta.label_lower)
    secret = watched.secret if watched else frozenset()
    return [
        field
        for field in table._meta.concrete_fields
        if isinstance(field, _FREE_TEXT)
        and not field.primary_key
        and not field.generated
        and field.name not in secret
        and field.name != "data"
        and not any(word in field.name for word in _SECRET)
    ]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {"id" if name == "pk" else name: _json_value(value) for name, value in row.items()}


def _json_value(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value[:LONGEST] if isinstance(value, str) else value
