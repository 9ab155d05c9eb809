"""What a person sets for themselves: the time zone and the language of pages."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import DataError, connection, transaction
from django.utils.translation import gettext_lazy as _

from people.models import Account

UTC_ZONE = ZoneInfo("UTC")


def account_of(viewer: Any) -> Account | None:
    """The account of whoever views a page, if there is one. At most one query."""
    return getattr(viewer, "account", None)


def save_preference(person: User, **fields: str) -> None:
    """Change fields of a person's account, which may not exist yet."""
    account, _created = Account.objects.update_or_create(user=person, defaults=fields)
    person.account = account


def time_zone_of(viewer: Any) -> ZoneInfo:
    """In which zone pages show times to `viewer`: UTC unless they chose another."""
    account = account_of(viewer)
    name = account.time_zone if account else ""
    try:
        return ZoneInfo(name) if name else UTC_ZONE
    except ZoneInfoNotFoundError:
        # The database moved to a host that does not know it.
        return UTC_ZONE


def set_time_zone(person: User, name: str) -> None:
    """Choose a zone such as Europe/Madrid; an empty name means UTC. Raises ValidationError."""
    name = name.strip()
    if name and not _is_known(name):
        raise ValidationError({"time_zone": _("Choose a time zone such as Europe/Madrid or UTC.")})
    save_preference(person, time_zone=name)


def language_of_person(viewer: Any) -> str:
    """The language that `viewer` chose for pages, such as "de"; empty if they chose none."""
    account = account_of(viewer)
    # One that was chosen in a release which had it may be missing in this one.
    return account.language if account and account.language in dict(settings.LANGUAGES) else ""


def set_language(person: User, code: str) -> None:
    """Choose the language of pages; empty means as the browser asks. Raises ValidationError."""
    if code and code not in dict(settings.LANGUAGES):
        raise ValidationError({"language": _("Choose a language of the list.")})
    save_preference(person, language=code)


def _is_known(name: str) -> bool:
    """Whether this host and the database both know a zone."""
    if name not in available_timezones():
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT now() AT TIME ZONE %s", [name])
    except DataError:
        return False
    return True
