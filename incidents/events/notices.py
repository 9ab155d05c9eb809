"""Notices for a person: on their page of notices, and by mail if mail is configured."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import transaction

from common.site_url import public_url
from incidents.models.notice import Notice


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
