"""The person that a command names."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management.base import CommandError


def person_named(username: str) -> User:
    person = User.objects.filter(username=username).first()
    if person is None:
        raise CommandError(f"There is no account named {username}.")
    return person
