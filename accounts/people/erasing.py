"""Erase the data of a person who left; what they wrote stays, by a “former member”.

Entries of the audit log stay as they are until its own retention removes them: a log that can be
rewritten proves nothing. So that the erasure does not write names and addresses into it anew, it is
recorded as one entry without them.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.people.invitations import withdraw_invitations_of
from accounts.people.limits import require_may_change
from accounts.people.names_in_texts import replace_names
from accounts.people.states import end_all_sessions
from common.origin import SETUP, acting
from incidents.models import ApiToken, IdempotentResponse, Incident, Notice, PushDevice, SavedFilter
from kb.models import ChatCode, ChatPerson, Draft, NotificationRule, OnCall
from people import audit
from people.membership import an_administrator_remains, forget_roles, is_service_account
from people.models import Account, Invitation, Membership, RoleGrant
from people.permissions import ERASE_PEOPLE, require
from practice.models import Subscription

FORMER = "former member"


def is_erased(person: User) -> bool:
    return person.get_username().startswith(f"{FORMER} ")


def erase(person: User, by: User) -> str:
    """Erase the personal data of somebody; returns the name that stands for them from now on.

    Raises PermissionDenied for somebody with more rights, ValidationError for oneself, for
    programs, and for the last administrator.
    """
    require(by, ERASE_PEOPLE)
    require_may_change(by, person)
    if person.pk == by.pk:
        raise ValidationError(_("This is your own account: ask another administrator."))
    return erase_person(person)


def erase_person(person: User) -> str:
    """`erase` for whoever runs the server."""
    if is_service_account(person):
        raise ValidationError(_("This is a program and no person: deactivate it."))
    with an_administrator_remains(), transaction.atomic():
        # Two who erase the same person at one moment wait for one another.
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        if is_erased(person):
            return person.get_username()
        username, names = person.get_username(), {person.get_full_name(), *_addresses_of(person)}
        with acting(SETUP):
            deleted = _delete_what_is_theirs(person)
            _anonymise(person)
            deleted["texts"] = replace_names(username, names, person.get_username())
        audit.record(
            "person.erased", person, {name: [count, 0] for name, count in deleted.items() if count}
        )
    return person.get_username()


def _addresses_of(person: User) -> set[str]:
    found = EmailAddress.objects.filter(user=person).values_list("email", flat=True)
    return {address.lower() for address in [person.email, *found] if address}


def _delete_what_is_theirs(person: User) -> dict[str, int]:
    addresses = _addresses_of(person)
    withdraw_invitations_of(person)
    deleted = {
        "sessions": end_all_sessions(person),
        "notification addresses": _leave_mail_rules(addresses),
    }
    invitations = Invitation.objects.annotate(address=Lower("email"))
    rows: dict[str, Any] = {
        "devices with notifications": PushDevice.objects.filter(user=person),
        "devices": UserSession.objects.filter(user=person),
        "tokens": ApiToken.objects.filter(user=person),
        "passkeys and second factors": Authenticator.objects.filter(user=person),
        "accounts of single sign-on": SocialAccount.objects.filter(user=person),
        "e-mail addresses": EmailAddress.objects.filter(user=person),
        "chat accounts": ChatPerson.objects.filter(user=person),
        "on-call shifts": OnCall.objects.filter(user=person),
        "chat codes": ChatCode.objects.filter(user=person),
        "invitations": invitations.filter(Q(accepted_by=person) | Q(address__in=addresses)),
        # Notices of others begin with who answered them.
        "notices": Notice.objects.filter(
            Q(user=person) | Q(text__startswith=f"{person.get_username()}:")
        ),
        "saved filters": SavedFilter.objects.filter(user=person),
        "drafts": Draft.objects.filter(user=person),
        "subscriptions": Subscription.objects.filter(user=person),
        "responses": IdempotentResponse.objects.filter(user=person),
        "roles": RoleGrant.objects.filter(user=person),
        "teams": Membership.objects.filter(user=person),
        "incidents worked on": Incident.responders.through.objects.filter(user=person),
        "incidents watched": Incident.watchers.through.objects.filter(user=person),
        "private incidents shared": Incident.viewers.through.objects.filter(user=person),
    }
    return deleted | {name: found.delete()[0] for name, found in rows.items()}


def _leave_mail_rules(addresses: set[str]) -> int:
    """Take the addresses out of rules; a rule that would mail nobody is deleted."""
    changed = 0
    for rule in NotificationRule.objects.filter(workspace__kind="mail"):
        every = [each.strip() for each in rule.channel.split(",")]
        left = [each for each in every if each.lower() not in addresses]
        if len(left) == len(every):
            continue
        changed += 1
        if left:
            rule.channel = ",".join(left)
            rule.save(update_fields=["channel"])
        else:
            rule.delete()
    return changed


def _anonymise(person: User) -> None:
    name = f"{FORMER} {person.pk}"
    while User.objects.filter(username__iexact=name).exclude(pk=person.pk).exists():
        name += "*"
    person.username, person.first_name, person.last_name, person.email = name, "", "", ""
    person.is_active = person.is_staff = person.is_superuser = False
    person.last_login = None
    person.set_unusable_password()
    person.save()
    person.groups.clear()
    person.user_permissions.clear()
    Account.objects.filter(user=person).delete()
    forget_roles(person)
