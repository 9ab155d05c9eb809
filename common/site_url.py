"""The URL of this installation."""

from typing import Protocol

from django.conf import settings


class HasPage(Protocol):
    def get_absolute_url(self) -> str: ...


def public_url() -> str:
    """The start of links in mails, exports and chat; without a slash at the end."""
    return str(settings.PUBLIC_URL).rstrip("/")


def address_of(record: HasPage) -> str:
    """The whole address of a record's page, for readers on other hosts."""
    return f"{public_url()}{record.get_absolute_url()}"
