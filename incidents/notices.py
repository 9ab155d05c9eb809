"""What a person should know: on their page of notices, and by mail where mail is set up."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import models, transaction
from django.db.models import Q

from incidents.addresses import public_address


class Notice(models.Model):
    """One thing told to one person. `key` keeps it from being told twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    key = models.CharField(max_length=200)
    text = models.CharField(max_length=500)
    path = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["user"], name="notice_unread", condition=Q(read_at=None))]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_once")]

    def __str__(self) -> str:
        return self.text


def tell(user: Any, key: str, text: str, path: str) -> bool:
    """Tell `user`, once a `key`; whether it was news. Mail that cannot be sent loses nothing."""
    if user is None or not user.is_active:
        return False
    _, new = Notice.objects.get_or_create(
        user=user, key=key[:200], defaults={"text": text[:500], "path": path[:300]}
    )
    if new and user.email and settings.EMAIL_HOST:
        body = f"{text}\n\n{public_address()}{path}\n"
        transaction.on_commit(
            lambda: send_mail(text[:120], body, None, [user.email], fail_silently=True)
        )
    return new
