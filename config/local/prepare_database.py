"""Migrates, creates the first user and loads the demo. Run by bin/up as a process of its own.

So bin/up itself, which runs as long as the product, needs no Django. It loads Django while the
servers start, and waits for a line on its standard input: they answer.
"""

from __future__ import annotations

import gc
import os
import secrets
import sys
from pathlib import Path

from config import env
from config.local.claim import write_private
from config.local.options import fail

FIRST_PASSWORD = "first-password"  # noqa: S105 - the name of a file


def main(world: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # It ends soon, and nothing of what it loads is garbage.
    gc.disable()
    import django
    from django.core.management import CommandError, call_command
    from django.db import Error

    django.setup()
    if not sys.stdin.readline():
        raise SystemExit(1)  # bin/up ended meanwhile
    try:
        call_command("migrate", verbosity=0, skip_checks=True)
        _first_user(env.data_dir(), demo=bool(world))
        if world:
            call_command("load_demo", world=world, skip_checks=True)
    except (Error, CommandError) as error:
        fail(f"The database could not be prepared: {str(error).strip().splitlines()[0]}")


def _first_user(data: Path, demo: bool) -> None:
    """Create the first user; its password is stored while it is still the generated one.

    Whoever signs in with it chooses another first, except in the demo: nothing in it is secret.
    """
    from django.contrib.auth import get_user_model

    from accounts.sign_in import first_password

    stored = data / FIRST_PASSWORD
    users = get_user_model().objects
    if not users.exists():
        password = secrets.token_urlsafe(9)
        users.create_superuser("admin", password=password)
        write_private(stored, password)
    password = stored.read_text() if stored.exists() else ""
    first = users.filter(username="admin").first()
    if first is None or not password or not first.check_password(password):
        stored.unlink(missing_ok=True)
    elif not demo:
        first_password.require_change(first)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
