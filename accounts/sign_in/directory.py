"""People in an LDAP directory; needs requirements-ldap.txt."""

from __future__ import annotations

import logging
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from accounts.sign_in import sign_up
from accounts.sign_in.groups import clean_groups
from common import process_cache
from common.language import Text
from people.membership import apply_groups, is_service_account

PROVIDER = "ldap"
TIMEOUT = 5
AWAY_FOR = 15.0
"""Seconds in which a directory that gave no answer is left alone: each wait holds a thread."""
MOST_ENTRIES = 2
LONGEST = 1_000
"""Characters of a name or password; directories hang up on what is very long."""
_ATTRIBUTES = ["uid", "sAMAccountName", "mail", "givenName", "sn", "memberOf"]
_NO_SERVICE = {
    8: "it wants a stronger way to authenticate",
    13: "it wants encryption: use ldaps:// or LDAP_START_TLS",
    51: "it is busy",
    52: "it is unavailable",
}
_SIZE_LIMIT_EXCEEDED = 4
_ESCAPED = re.compile(rb"\\(?:([0-9A-Fa-f]{2})|(.))")
log = logging.getLogger(__name__)


class Unavailable(Exception):
    """The directory cannot say who somebody is; the message says why, for the log."""


@dataclass(frozen=True)
class Entry:
    username: str
    email: str
    first_name: str
    last_name: str
    groups: frozenset[str]


class _Pause:
    """Until when nobody asks the directory, after it did not answer."""

    def __init__(self) -> None:
        self.until = 0.0
        process_cache.register(self)

    def clear(self) -> None:
        self.until = 0.0


_pause = _Pause()


@contextmanager
def _bound(dn: str, password: str) -> Iterator[Any]:
    """A connection as `dn`; None if the password is not theirs."""
    import ldap3

    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=settings.LDAP_CA_FILE or None)
    # Without the schema, which takes a directory with many classes seconds to send: the directory
    # itself knows which attributes it has.
    server = ldap3.Server(settings.LDAP_URL, tls=tls, connect_timeout=TIMEOUT, get_info=ldap3.NONE)
    # A referral would send the password to wherever it says.
    # The password as bytes, which the library sends as they are: of a text it leaves out characters
    # that nobody sees, and raises for others.
    connection = ldap3.Connection(
        server, dn or None, password.encode() or None, receive_timeout=TIMEOUT, read_only=True,
        check_names=False, auto_referrals=False,
    )  # fmt: skip
    try:
        connection.open()
        if settings.LDAP_START_TLS:
            connection.start_tls(read_server_info=False)
        bound = connection.bind(read_server_info=False)
        if reason := _NO_SERVICE.get(connection.result["result"]):
            raise Unavailable(reason)
        yield connection if bound else None
    finally:
        connection.unbind()


def _search(
    reader: Any, pattern: str, attributes: list[str], most: int = 0
) -> list[dict[str, Any]]:
    reader.search(settings.LDAP_BASE_DN, pattern, attributes=attributes, size_limit=most)
    code = reader.result["result"]
    if code and not (most and code == _SIZE_LIMIT_EXCEEDED):
        raise Unavailable(f"it refused the search {pattern}: {reader.result['description']}")
    return [each for each in reader.response if each["type"] == "searchResEntry"]


def _first(entry: dict[str, Any], name: str) -> str:
    value = entry["attributes"].get(name) or ""
    value = value[0] if isinstance(value, list) else value
    return str(value).replace("\x00", "")[:150]


def _filled(pattern: str, **values: str) -> str:
    """A filter of the settings with values in it, none of which can change what it means."""
    from ldap3.utils.conv import escape_filter_chars

    for name, value in values.items():
        pattern = pattern.replace("{" + name + "}", escape_filter_chars(value))
    return pattern


def first_part(dn: str) -> str:
    """`Dev, Ops` of `cn=Dev\\, Ops,ou=groups,dc=example`; empty if it is not written like that."""
    from ldap3.core.exceptions import LDAPException
    from ldap3.utils.dn import parse_dn

    try:
        value = parse_dn(dn)[0][1]
    except (LDAPException, IndexError):
        return ""
    plain = _ESCAPED.sub(
        lambda found: bytes.fromhex(found[1].decode()) if found[1] else found[2], value.encode()
    )
    return plain.decode(errors="replace")


def find(username: str, password: str) -> Entry | None:
    """Who has this name and password in the directory; None for a wrong one.

    Raises Unavailable while the directory does not answer, or not as it should.
    """
    from ldap3.core import exceptions

    # A directory answers a bind without password as if it were a success.
    if not username or not password or max(len(username), len(password)) > LONGEST:
        return None
    if time.monotonic() < _pause.until:
        raise Unavailable("it did not answer a moment ago")
    try:
        return _find(username, password)
    except exceptions.LDAPException as error:
        no_answer = (
            exceptions.LDAPCommunicationError,
            exceptions.LDAPResponseTimeoutError,
            exceptions.LDAPStartTLSError,
        )
        if isinstance(error, no_answer):
            _pause.until = time.monotonic() + AWAY_FOR
        raise Unavailable(str(error)[:300]) from error


def _find(username: str, password: str) -> Entry | None:
    with _bound(settings.LDAP_BIND_DN, settings.LDAP_BIND_PASSWORD) as reader:
        if reader is None:
            raise Unavailable("it refused LDAP_BIND_DN or its password")
        wanted = _filled(settings.LDAP_USER_FILTER, username=username)
        entries = _search(reader, wanted, _ATTRIBUTES, MOST_ENTRIES)
        if len(entries) > 1:
            log.warning("LDAP_USER_FILTER finds several entries for one name: nobody signs in.")
        if len(entries) != 1:
            return None
        found = entries[0]
        with _bound(found["dn"], password) as person:
            if person is None:
                return None
        # What was typed may be an email address, or in another case.
        name = _first(found, "sAMAccountName") or _first(found, "uid") or username
        by_member = _filled(settings.LDAP_GROUP_FILTER, dn=found["dn"], username=name)
        groups = clean_groups(
            [
                *found["attributes"].get("memberOf", []),
                *(each["dn"] for each in _search(reader, by_member, ["1.1"])),
            ]
        )
    # Rules may name a group by its whole name or by its first part.
    short = {first_part(group) for group in groups} - {""}
    return Entry(
        name, _first(found, "mail"), _first(found, "givenName"), _first(found, "sn"),
        frozenset(groups | short),
    )  # fmt: skip


def _created(entry: Entry) -> User | None:
    if not sign_up.may_sign_up(PROVIDER, entry.email, verified=True):
        return None
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                entry.username, entry.email,
                first_name=entry.first_name, last_name=entry.last_name,
            )  # fmt: skip
            if invitation := sign_up.open_invitation(entry.email):
                sign_up.accept(invitation, user)
    except IntegrityError:
        # Two first sign-ins of one person at one moment.
        return User.objects.filter(username__iexact=entry.username).first()
    return user


def person_of(entry: Entry, say: Callable[[Text], object] = log.warning) -> User | None:
    """The account of an entry, created where sign-up allows it, with the roles of its groups.

    An account with a password of its own, or of another identity provider, is never handed to the
    directory. `say` gets a sentence for the person where a role stays that no group gives.
    """
    user = User.objects.filter(username__iexact=entry.username).first() or _created(entry)
    if user is None or user.has_usable_password() or not user.is_active:
        return None
    if is_service_account(user) or SocialAccount.objects.filter(user=user).exists():
        return None
    if sentence := apply_groups(user, PROVIDER, entry.groups):
        say(sentence)
    return user
