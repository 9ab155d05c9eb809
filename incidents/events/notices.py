"""Notices for a person: on their page of notices, by mail if mail is configured, and those about
incidents on the devices that they enabled (`incidents/push/`)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import connection, transaction
from django.db.models import QuerySet

from common.process_cache import ProcessCache
from common.site_url import public_url
from incidents.events.pages import incident_at, kinds_of, may_open, with_open_pages
from incidents.models.incident import Incident
from incidents.models.notice import Notice
from incidents.models.push import PushDelivery, PushDevice
from incidents.permissions import SEE_ALL, only_team

# To compose it takes a hundred times as long as to run it. The SQL names the person and reads
# everything else from the database; what it depends on besides is in the key.
_counting: ProcessCache[tuple[Any, ...], tuple[str, tuple[Any, ...]]] = ProcessCache(
    "SQL that counts unread notices", 2_000
)
FEW = 100
"""Notices whose kinds are determined to count them."""


def visible_notices(user: User) -> QuerySet[Notice]:
    """The notices of a person, but for those about what became private or was deleted since."""
    return with_open_pages(Notice.objects.filter(user=user), user)


def count_unread(user: User) -> int:
    """How many of `visible_notices` are unread: every page shows it."""
    # Most have none, others of two or three kinds: to plan the query below for every kind takes the
    # database ten times as long as this one.
    unread = Notice.objects.filter(user=user, read_at=None).order_by()
    paths = list(unread.values_list("path", flat=True)[: FEW + 1])
    kinds = kinds_of(paths) if len(paths) <= FEW else None
    if kinds is not None and not kinds:
        return len(paths)
    key = (user.pk, only_team(user), user.has_perm(SEE_ALL), kinds)
    sql, parameters = _counting.get(key, lambda: _count_unread_sql(user, kinds))
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.fetchone()[0])


def _count_unread_sql(user: User, kinds: Collection[str] | None) -> tuple[str, tuple[Any, ...]]:
    rows = Notice.objects.filter(user=user, read_at=None)
    unread = with_open_pages(rows, user, kinds=kinds).order_by().values("pk")
    sql, parameters = unread.query.sql_with_params()
    return f"SELECT count(*) FROM ({sql}) AS unread", parameters  # noqa: S608  (the ORM's own)


def notify(user: User | None, key: str, text: str, path: str) -> bool:
    """Create a notice for `user`, one per `key`; whether it is new. Mail is best effort.

    Nobody gets a notice, or a mail, about a page they may not open.
    """
    if user is None or not user.is_active or not may_open(user, path):
        return False
    notice, new = Notice.objects.get_or_create(
        user=user, key=key[:200], defaults={"text": text[:500], "path": path[:300]}
    )
    if new and user.email and settings.EMAIL_HOST:
        transaction.on_commit(lambda: _mail(notice.pk))
    if new and incident_at(path):
        devices = PushDevice.objects.filter(user=user)
        PushDelivery.objects.bulk_create(
            PushDelivery(notice=notice, device=device) for device in devices
        )
    return new


def notify_followers(incident: Incident, key: str, text: str, author: User | None = None) -> None:
    """A notice for the owner, responders and watchers of an incident, but not for `author`."""
    people = {incident.owner, *incident.responders.all(), *incident.watchers.all()}
    for person in people - {author, None}:
        notify(person, key, text, incident.get_absolute_url())


def _mail(key: int) -> None:
    # Read again: what it is about may have become private, and its person deactivated.
    notice = Notice.objects.select_related("user").filter(pk=key, user__is_active=True).first()
    if notice is None or not may_open(notice.user, notice.path):
        return
    body = f"{notice.text}\n\n{public_url()}{notice.path}\n"
    send_mail(notice.text[:120], body, None, [notice.user.email], fail_silently=True)
