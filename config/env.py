"""Reads environment variables; docs/settings.md lists them."""

import json
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """The folder for everything that is stored outside PostgreSQL."""
    return Path(os.environ.get("CAUSEBOOK_DATA_DIR") or ROOT / "var")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name) or default


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "")
    return value.strip().lower() in {"1", "true", "yes", "on"} if value else default


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated variable as a list without empty entries."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def number(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    try:
        return int(value)
    except ValueError as error:
        raise SystemExit(f"{name} must be a whole number, not {value!r}.") from error


def choice(name: str, default: str, *others: str) -> str:
    value = text(name, default).lower()
    if value not in (default, *others):
        raise SystemExit(f"{name} must be {default} or {' or '.join(others)}, not {value!r}.")
    return value


def server_url(name: str, fallback: str) -> str:
    """DATABASE_URL or REDIS_URL from the environment, else of the servers that bin/up started."""
    if os.environ.get(name):
        return os.environ[name]
    try:
        running = json.loads((data_dir() / "servers.json").read_text())
    except (OSError, ValueError):
        running = {}
    return str(running.get(name, fallback))


def secret_key() -> str:
    """SECRET_KEY from the environment, else one generated and stored in the data folder."""
    if os.environ.get("SECRET_KEY"):
        return os.environ["SECRET_KEY"]
    path = data_dir() / "secret-key"
    try:
        return path.read_text()
    except OSError:
        pass
    key = secrets.token_urlsafe(50)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(key)
    except FileExistsError:
        return path.read_text()
    except OSError:
        # The folder is read-only: commands that need no secrets work with a key of their own.
        return key
    return key
