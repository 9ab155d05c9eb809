"""Reads what was given for a custom field: by form, API, import or chat, with the same errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common.numbers import decimal_in, plain_number
from incidents.models import CustomField
from incidents.models.custom_field import LONGEST_TEXT

Kind = CustomField.Kind
LARGEST = Decimal(10) ** 14
"""Numbers are below this, and above its negative."""


@dataclass(frozen=True)
class Read:
    """A value as it is stored; all empty means none."""

    text: str = ""
    number: Decimal | None = None
    person: User | None = None

    @property
    def is_empty(self) -> bool:
        return not self.text and self.person is None


def read_value(field: CustomField, given: Any) -> Read:
    """What was given for `field`. Raises ValidationError that names the field and the cure."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return Read()
    if isinstance(given, bool) or not isinstance(given, str | int | float | Decimal):
        raise refused(field, _("Give a text or a number."))
    text = str(given).replace("\x00", "").strip()
    if len(text) > LONGEST_TEXT:
        raise refused(field, _("Up to %(most)s characters."), most=LONGEST_TEXT)
    return _READERS[field.kind](field, text)


def refused(field: CustomField, message: Any, **params: Any) -> ValidationError:
    return ValidationError({field.name: ValidationError(message, params=params)})


def _text(field: CustomField, text: str) -> Read:
    return Read(text)


def _choice(field: CustomField, text: str) -> Read:
    found = field.choice_named(" ".join(text.split()))
    if found is None:
        raise refused(
            field,
            _("“%(value)s” is no choice. Choose one of %(choices)s."),
            value=text[:60],
            choices=", ".join(field.choices[:30]),
        )
    return Read(found)


def _number(field: CustomField, text: str) -> Read:
    number = decimal_in(text)
    if number is None:
        raise refused(field, _("“%(value)s” is not a number such as 12 or 3.5."), value=text[:60])
    if abs(number) >= LARGEST or number != round(number, 6):
        raise refused(field, _("A number has up to 14 digits before the point and 6 behind it."))
    return Read(plain_number(number), number)


def _link(field: CustomField, text: str) -> Read:
    try:
        parts = urlsplit(text)
        is_link = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_link = False
    if not is_link or any(each.isspace() or not each.isprintable() for each in text):
        raise refused(
            field,
            _("“%(value)s” is not a link. Begin it with https:// or http://."),
            value=text[:60],
        )
    return Read(text)


def _person(field: CustomField, text: str) -> Read:
    found = User.objects.filter(username=text.removeprefix("@"), is_active=True).first()
    if found is None:
        raise refused(field, _("Nobody signs in as “%(value)s”."), value=text[:150])
    return Read(person=found)


_READERS: dict[str, Callable[[CustomField, str], Read]] = {
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.NUMBER: _number,
    Kind.LINK: _link,
    Kind.PERSON: _person,
}
