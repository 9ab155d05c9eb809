"""Reads from pagers who is on call, and whom they mean by an id.

A reading replaces what the workspace said before. Where one fails, the former stays and is shown
as old; the workspace's page says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from time import monotonic
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from common.payloads import BadPayload
from incidents import pager_acts
from incidents.models import Service
from kb.chat import registry
from kb.chat.pagers import Get, Pager, PersonOnCall
from kb.chatops import outbound
from kb.chatops.outbound import NotSent
from kb.models import ChatPerson, NotificationDelivery, OnCall, OnCallReading, Workspace
from kb.notifications import SO_ALREADY

EVERY = timedelta(minutes=5)
MOST_REQUESTS, MOST_SECONDS = 40, 25.0
"""Of one workspace at a time; a pager that is slower is read at another time."""
MOST_ROWS, MOST_PEOPLE = 2000, 20
FORGET_AFTER = timedelta(days=2)
"""A reading so old says nothing any more."""
ECHO_WITHIN = timedelta(minutes=5)
NOT_FOUND = 404


class TooMuch(Exception):
    """Reading took more requests or time than one reading may."""


FAILED = (NotSent, BadPayload, TooMuch, ValueError, KeyError)


def read_pagers() -> int:
    """Find people, and read who is on call where that is due; returns how many were read.

    Safe to run twice and concurrently: a workspace is claimed for as long as its next reading.
    """
    OnCall.objects.filter(read_at__lt=timezone.now() - FORGET_AFTER).delete()
    read = 0
    for workspace, pager in _pagers():
        get = _limited(workspace)
        problem = _find_people(workspace, pager, get)
        if problem:
            OnCallReading.objects.update_or_create(
                workspace=workspace, defaults={"problem": problem}
            )
        elif not workspace.settings.get("reads_on_call"):
            OnCallReading.objects.filter(workspace=workspace).update(problem="")
        elif _claim(workspace):
            read += _read(workspace, pager, get)
    return read


def _pagers() -> Iterator[tuple[Workspace, Pager]]:
    kinds = registry()
    for workspace in Workspace.objects.filter(enabled=True):
        plugin = kinds.get(workspace.kind)
        if plugin is not None and issubclass(plugin, Pager):
            yield workspace, plugin()


def _limited(workspace: Workspace) -> Get:
    """What reads from a workspace, within its limits."""
    until, left = monotonic() + MOST_SECONDS, MOST_REQUESTS

    def get(path: str) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or monotonic() > until:
            raise TooMuch(f"Reading it takes over {MOST_REQUESTS} requests or {MOST_SECONDS:.0f} s")
        return outbound.read(workspace, path)

    return get


def _claim(workspace: Workspace) -> bool:
    OnCallReading.objects.get_or_create(workspace=workspace)
    now = timezone.now()
    due = OnCallReading.objects.filter(workspace=workspace, not_before__lte=now)
    return bool(due.update(not_before=now + EVERY))


def _read(workspace: Workspace, pager: Pager, get: Get) -> bool:
    reading = OnCallReading.objects.filter(workspace=workspace)
    services = Service.objects.select_related("owner")
    names = {each.name: [each.owner_team] if each.owner_team else [] for each in services}
    try:
        rotas = rotas_in(workspace.settings.get("rotas", ""), names)
        people = list(pager.on_call(get, rotas, names))
    except FAILED as error:
        wait = error.wait if isinstance(error, NotSent) else 0.0
        not_before = timezone.now() + max(EVERY, timedelta(seconds=wait))
        reading.update(problem=str(error) or type(error).__name__, not_before=not_before)
        return False
    _write(workspace, people)
    reading.update(problem="", read_at=timezone.now())
    return True


def rotas_in(text: str, names: Iterable[str]) -> dict[str, str]:
    """The rotas by service that a manager entered: `service = rota` in each line.

    Raises ValueError for a line that names no service.
    """
    known = {name.lower(): name for name in names}
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        service, _, rota = (part.strip() for part in line.partition("="))
        if not rota or service.lower() not in known:
            raise ValueError(f"“{line[:80]}”: write a service of the catalogue = its rota")
        found[known[service.lower()]] = rota
    return found


@transaction.atomic
def _write(workspace: Workspace, people: Iterable[PersonOnCall]) -> None:
    """Replace what a workspace said before."""
    services = dict(Service.objects.values_list("name", "pk"))
    accounts = _accounts({each.email for each in people})
    rows = {
        (services[name], each.level, each.rota, each.name): OnCall(
            workspace=workspace,
            service_id=services[name],
            user=accounts.get(each.email.lower()),
            name=each.name,
            rota=each.rota,
            level=max(1, each.level),
            until=each.until,
        )
        for each in people
        for name in each.services
        if name in services and each.name
    }
    OnCall.objects.filter(workspace=workspace).delete()
    OnCall.objects.bulk_create(list(rows.values())[:MOST_ROWS])


def _accounts(addresses: set[str]) -> dict[str, User]:
    found = (pager_acts.account_of(address) for address in addresses if address)
    return {user.email.lower(): user for user in found if user is not None}


def _find_people(workspace: Workspace, pager: Pager, get: Get) -> str:
    """Look up whom a pager means by the ids in its acts, and link those who have an account.

    Returns what went wrong, in a sentence; empty for nothing.
    """
    for person in pager_acts.unknown_people(pager.note_on)[:MOST_PEOPLE]:
        try:
            user = pager_acts.account_of(pager.address_of(get, person))
        except NotSent as error:
            if error.status != NOT_FOUND:
                return f"Whose id {person} is: {error}"
            user = None
        except FAILED as error:
            return f"Whose id {person} is: {error or type(error).__name__}"
        if user is not None:
            ChatPerson.objects.get_or_create(
                workspace=workspace, external_id=person, defaults={"user": user}
            )
        pager_acts.person_found(pager.note_on, person, user)
    return ""


def linked_account(kind: str, person: str) -> User | None:
    """Whose account a pager means by its id of a person, as far as that is known."""
    rows = ChatPerson.objects.filter(external_id=person, user__is_active=True)
    row = rows.filter(workspace__kind=kind).select_related("user").first()
    return row.user if row else None


def is_own_acknowledgement(kind: str, incident: Any, at: Any) -> bool:
    """Whether we have just acknowledged an incident in a pager, which then reports it to us."""
    sent = NotificationDelivery.objects.filter(
        rule__workspace__kind=kind,
        event__incident=incident,
        event__kind="incident.acknowledged",
        claimed_at__range=(at - ECHO_WITHIN, at + ECHO_WITHIN),
    )
    return sent.exclude(error=SO_ALREADY).exists()


def problem_of(workspace: Workspace) -> str:
    """What keeps a workspace from working right now, in a sentence; empty for nothing."""
    reading = OnCallReading.objects.filter(workspace=workspace).first()
    last = NotificationDelivery.objects.filter(rule__workspace=workspace, attempts__gt=0)
    newest = last.order_by("-claimed_at").first()
    failed = newest.error if newest and newest.state != NotificationDelivery.State.DONE else ""
    return failed or (reading.problem if reading else "")
