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

    To a public channel also those who have not linked their accounts, where the platform knows
    them by address or name: that proves too little for a private one. Out of a private channel
    go those who may no longer see its incident.
    """
    accounts = {user.pk: user for user in _wanted(row) if _may_read(row, user)}
    linked = ChatPerson.objects.filter(workspace=row.workspace)
    new = linked.filter(user__in=accounts).exclude(pk__in=_linked_keys(row))
    for person in new[:MOST_AT_ONCE]:
        there.attempt(
            f"invite account {person.pk}", there.host.invite(row.channel, person.external_id)
        )
        there.save(invited=[*row.invited, person.pk])
    if row.is_private and row.incident.private:
        _remove_people(row, there)
    if not row.is_private:
        known = set(linked.values_list("user", flat=True))
        _invite_unlinked(row, there, [each for each in accounts.values() if each.pk not in known])


def _invite_unlinked(row: OpenedChannel, there: Conversation, users: list[User]) -> None:
    """Those who were searched are among `invited` by another key than those who are linked."""
    new = [user for user in users if f"user {user.pk}" not in row.invited]
    for user in new[:MOST_AT_ONCE]:
        search = there.host.find_person(user.email, user.get_username())
        if search is None:
            return
        step = f"invite user {user.pk}"
        if person := there.host.person_id(there.attempt(step, search)):
            there.attempt(step, there.host.invite(row.channel, person))
        there.save(invited=[*row.invited, f"user {user.pk}"])


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
    invited = ChatPerson.objects.filter(pk__in=_linked_keys(row)).select_related("user")
    for person in invited:
        if not _may_read(row, person.user):
            request = there.host.remove(row.channel, person.external_id)
            there.attempt(f"remove account {person.pk}", request)
            there.save(invited=[key for key in row.invited if key != person.pk])


def _linked_keys(row: OpenedChannel) -> list[int]:
    return [key for key in row.invited if isinstance(key, int)]
