"""What the settings make of the environment where a site is to be closed to others."""

from __future__ import annotations

import json
import os
import subprocess
import sys

NAMES = (
    "SECURE_HSTS_SECONDS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
    "DJANGO_ADMIN", "DEBUG", "SECRET_KEY_FALLBACKS",
)  # fmt: skip
SHOW = f"""
import json
from config import settings
print(json.dumps({{name: getattr(settings, name) for name in {NAMES}}}))
"""


def settings_with(**environment: str) -> dict[str, object]:
    """As a process that starts with this environment reads them."""
    others = {name: value for name, value in os.environ.items() if name not in NAMES}
    run = subprocess.run(
        [sys.executable, "-c", SHOW], env={**others, **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, object] = json.loads(run.stdout)
    return found


def test_a_site_with_https_is_remembered_as_one_and_cookies_go_nowhere_else() -> None:
    settings = settings_with(HTTPS="true", SECRET_KEY_FALLBACKS="former,before-that")
    assert settings == {
        "SECURE_HSTS_SECONDS": 3600 * 24 * 30,
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "DJANGO_ADMIN": False,
        "DEBUG": False,
        "SECRET_KEY_FALLBACKS": ["former", "before-that"],
    }
