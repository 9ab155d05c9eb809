"""At which account an attempt to sign in is, however its name is written."""

from __future__ import annotations

import unicodedata

from django.contrib.auth.models import User
from django.db.models import Q

ACTION, ON_KNOWN_DEVICE = "password_failed", "password_failed_on_known_device"
"""Of their own: the library forgets the attempts of an address once somebody there gives the right
code, which anybody with an account can do."""
LONGEST = 300
_IGNORED = "CMZ"


def comparable(name: str) -> str:
    """A name as the most tolerant directory compares it: without case, accents, spaces and signs
    that nobody sees."""
    plain = unicodedata.normalize("NFKD", name[:LONGEST]).casefold()
    return "".join(each for each in plain if unicodedata.category(each)[0] not in _IGNORED)


def account_key(names: set[str]) -> str:
    """What attempts are counted by: the account with one of these names, else the name."""
    if not names:
        return ""
    matching = Q()
    for name in sorted({each[:LONGEST] for each in names} | {comparable(each) for each in names}):
        matching |= Q(username__iexact=name) | Q(email__iexact=name)
        matching |= Q(emailaddress__email__iexact=name)
    found = User.objects.filter(matching).order_by("pk").values_list("pk", flat=True).first()
    return f"account:{found}" if found else f"name:{comparable(min(names))}"
