"""The URL of this installation."""

from django.conf import settings


def public_url() -> str:
    """The start of links in mails, exports and chat; without a slash at the end."""
    return str(settings.PUBLIC_URL).rstrip("/")
