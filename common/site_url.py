"""Where this installation is reached from outside."""

from django.conf import settings


def public_url() -> str:
    """What links in mails, exports and chat begin with; without a slash at the end."""
    return str(settings.PUBLIC_URL).rstrip("/")
