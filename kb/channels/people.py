"""Who is invited to the channel of an incident."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User

from incidents.permissions import can_see
from kb.channels.conversation import Conversation
from kb.models import ChatPerson, OnCall, OpenedChannel

MOST_AT_ONCE = 20


def invite_people(row: OpenedChannel, there: Conversation) -> None:
    """Invite owner, responders and who is on call, each once: whoever left is not called back.

    Out of a private channel go those who may no longer see its incident.
    """
    accounts = {user.pk: user for user in _wanted(row) if _may_read(row, user)}
    linked = ChatPerson.objects.filter(workspace=row.workspace)
    for person in linked.filter(user__in=accounts).exclude(pk__in=row.invited)[:MOST_AT_ONCE]:
        there.attempt(
            f"invite account {person.pk}", there.host.invite(row.channel, person.external_id)
        )
        there.save(invited=[*row.invited, person.pk])
    if row.is_private and row.incident.private:
        _remove_people(row, there)


def _wanted(row: OpenedChannel) -> Iterable[User]:
    incident = row.incident
    if incident.owner is not None:
        yield incident.owner
    yield from incident.responders.all()
    if row.rule.invite_on_call:
        called = OnCall.called_for(incident.services.all()).filter(level=1).exclude(user=None)
        yield from (each.user for each in called if each.user and not each.is_stale)


def _may_read(row: OpenedChannel, user: User) -> bool:
    return user.is_active and can_see(user, row.incident)


def _remove_people(row: OpenedChannel, there: Conversation) -> None:
    invited = ChatPerson.objects.filter(pk__in=row.invited).select_related("user")
    for person in invited:
        if not _may_read(row, person.user):
            request = there.host.remove(row.channel, person.external_id)
            there.attempt(f"remove account {person.pk}", request)
            there.save(invited=[key for key in row.invited if key != person.pk])
