"""People in an LDAP directory; needs requirements-ldap.txt."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from accounts.sign_in import sign_up
from accounts.sign_in.groups import clean_groups
from people.membership import apply_groups, is_service_account

PROVIDER = "ldap"
TIMEOUT = 5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    username: str
    email: str
    first_name: str
    last_name: str
    groups: frozenset[str]


def _connection(dn: str, password: str) -> Any:
    import ldap3

    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=settings.LDAP_CA_FILE or None)
    server = ldap3.Server(settings.LDAP_URL, tls=tls, connect_timeout=TIMEOUT)
    connection = ldap3.Connection(
        server, dn or None, password or None, receive_timeout=TIMEOUT, read_only=True
    )
    connection.open()
    if settings.LDAP_START_TLS:
        connection.start_tls()
    return connection if connection.bind() else None


def _first(entry: dict[str, Any], name: str) -> str:
    value = entry["attributes"].get(name) or ""
    return str(value[0] if isinstance(value, list) else value)[:150]


def find(username: str, password: str) -> Entry | None:
    """Who has this name and password in the directory; None for a wrong one.

    Also None while the directory does not answer: then its people cannot sign in.
    """
    import ldap3
    from ldap3.core.exceptions import LDAPException
    from ldap3.utils.conv import escape_filter_chars

    # A directory answers a bind without password as if it were a success.
    if not username or not password:
        return None
    try:
        reader = _connection(settings.LDAP_BIND_DN, settings.LDAP_BIND_PASSWORD)
        if reader is None:
            log.error("The LDAP directory refused LDAP_BIND_DN or its password.")
            return None
        wanted = settings.LDAP_USER_FILTER.format(username=escape_filter_chars(username))
        names = ["uid", "sAMAccountName", "mail", "givenName", "sn", "memberOf"]
        known = reader.server.schema.attribute_types if reader.server.schema else names
        reader.search(
            settings.LDAP_BASE_DN, wanted, attributes=[n for n in names if n in known], size_limit=2
        )
        entries = [each for each in reader.response if each["type"] == "searchResEntry"]
        if len(entries) != 1 or _connection(entries[0]["dn"], password) is None:
            return None
        found = entries[0]
        groups = clean_groups(found["attributes"].get("memberOf", []))
        reader.search(
            settings.LDAP_BASE_DN,
            settings.LDAP_GROUP_FILTER.format(
                dn=escape_filter_chars(found["dn"]), username=escape_filter_chars(username)
            ),
            attributes=[ldap3.NO_ATTRIBUTES],
        )
        groups |= {each["dn"] for each in reader.response if each["type"] == "searchResEntry"}
    except LDAPException as error:
        log.error("The LDAP directory does not answer: %s", error)
        return None
    # Rules may name a group by its whole name or by its first part.
    short = {group.partition(",")[0].partition("=")[2] for group in groups}
    return Entry(
        _first(found, "sAMAccountName") or _first(found, "uid") or username, _first(found, "mail"),
        _first(found, "givenName"), _first(found, "sn"), frozenset(groups | short - {""}),
    )  # fmt: skip


def person_of(entry: Entry) -> User | None:
    """The account of an entry, created where sign-up allows it, with the roles of its groups.

    An account with a password of its own is never handed to the directory.
    """
    user = User.objects.filter(username__iexact=entry.username).first()
    if user is None:
        if not sign_up.may_sign_up(PROVIDER, entry.email, verified=True):
            return None
        user = User.objects.create_user(
            entry.username, entry.email, first_name=entry.first_name, last_name=entry.last_name
        )
        if invitation := sign_up.open_invitation(entry.email):
            sign_up.accept(invitation, user)
    if user.has_usable_password() or not user.is_active:
        return None
    if is_service_account(user):
        return None
    apply_groups(user, PROVIDER, entry.groups)
    return user
