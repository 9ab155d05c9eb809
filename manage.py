#!/usr/bin/env python3
"""Django's command line, run with the project's own environment where there is one."""

import os
import sys
from pathlib import Path


def main() -> None:
    python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        if not python.exists() or sys.prefix == str(python.parent.parent):
            sys.exit("Django is not installed here. Run bin/up once: it makes the environment.")
        os.execv(python, [str(python), *sys.argv])  # noqa: S606
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from common.origin import Origin, acting

    # The name of the command only: its arguments may hold a password.
    with acting(Origin("command", actor_name=f"manage.py {' '.join(sys.argv[1:2])}".strip())):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
