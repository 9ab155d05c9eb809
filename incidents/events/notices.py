"""Notices for a person: on their page of notices, and by mail if mail is configured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import CharField, F, Func, QuerySet, Value
from django.db.models.functions import Cast, Concat

from common.registry import Registry
from common.site_url import public_url
from common.viewer import Viewer
from incidents.models.notice import Notice
from incidents.permissions import hidden_incidents, sees_all

HIDDEN_PATHS: Registry[Callable[[Viewer], QuerySet[Any]]] = Registry("pages that are hidden")
"""Other packages register which of their pages somebody may not see, as a query of paths."""


def _hidden_incident_paths(viewer: Viewer) -> QuerySet[Any]:
    return hidden_incidents(viewer).values_list(
        Concat(Value("/INC-"), Cast("pk", CharField()), Value("/")), flat=True
    )


HIDDEN_PATHS.register("incidents", _hidden_incident_paths)


def visible_notices(user: User) -> QuerySet[Notice]:
    """The notices of a person, but for those about what became private since."""
    notices = Notice.objects.filter(user=user)
    if sees_all(user):
        return notices
    page = Func(F("path"), Value("#"), Value(1), function="split_part", output_field=CharField())
    notices = notices.annotate(page=page)
    for hidden_paths in HIDDEN_PATHS.values():
        notices = notices.exclude(page__in=hidden_paths(user))
    return notices


def notify(user: User | None, key: str, text: str, path: str) -> bool:
    """Create a notice for `user`, one per `key`; whether it is new. Mail is best effort."""
    if user is None or not user.is_active:
        return False
    _, new = Notice.objects.get_or_create(
        user=user, key=key[:200], defaults={"text": text[:500], "path": path[:300]}
    )
    if new and user.email and settings.EMAIL_HOST:
        body = f"{text}\n\n{public_url()}{path}\n"
        transaction.on_commit(
            lambda: send_mail(text[:120], body, None, [user.email], fail_silently=True)
        )
    return new
