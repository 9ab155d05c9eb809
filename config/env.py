"""Reads environment variables; docs/settings.md lists them."""

import json
import os
import secrets
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
SERVERS_FILE, KEY_FILE = "servers.json", "secret-key"
"""In the data folder: how the servers that bin/up started are reached, and the generated key."""


def data_dir() -> Path:
    """The folder for everything that is stored outside PostgreSQL."""
    return Path(os.environ.get("CAUSEBOOK_DATA_DIR") or ROOT / "var")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name) or default


def secret(name: str) -> str:
    """A secret from the variable, or from the file that NAME_FILE names; empty without either.

    Files are how Docker and Kubernetes hand over secrets: an environment is easier to read.
    """
    value, path = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if value and path:
        raise SystemExit(f"Set {name} or {name}_FILE, not both.")
    if not path:
        return value
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"{name}_FILE: {path} cannot be read ({error}).") from error
    if not value:
        raise SystemExit(f"{name}_FILE: {path} is empty.")
    return value


def secret_words(name: str) -> list[str]:
    """Secrets with commas or line ends between."""
    return [word.strip() for word in secret(name).replace("\n", ",").split(",") if word.strip()]


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


TIERS = ("core", "normal", "supplementary")
"""The tiers of services."""
LONGEST_DAYS = 36_500


def days(name: str) -> int | None:
    """How long something is stored; 0: for ever; None: not set."""
    if not text(name):
        return None
    value = number(name, 0)
    if not 0 <= value <= LONGEST_DAYS:
        raise SystemExit(f"{name} must be a number of days, or 0 for ever, not {value}.")
    return value


def days_by_tier(name: str) -> dict[str, int]:
    """Days of the tiers that are set: `90` for all, or `core=365, normal=90`."""
    found: dict[str, int] = {}
    for part in words(name):
        tier, given, value = part.rpartition("=")
        chosen = (tier.strip().lower(),) if given else TIERS
        if not value.strip().isdecimal() or int(value) > LONGEST_DAYS or chosen[0] not in TIERS:
            raise SystemExit(
                f"{name} must be a number of days, or such as core=365, normal=90, "
                f"supplementary=30; not {text(name)!r}."
            )
        found |= dict.fromkeys(chosen, int(value))
    return found


def choice(name: str, default: str, *others: str) -> str:
    value = text(name, default).lower()
    if value not in (default, *others):
        raise SystemExit(f"{name} must be {default} or {' or '.join(others)}, not {value!r}.")
    return value


def server_url(name: str, fallback: str, password: str = "") -> str:
    """DATABASE_URL or REDIS_URL as it is set, else of the servers that bin/up started.

    `password` names the secret that goes into a URL that is set, as it is: nobody has to encode it.
    """
    if given := secret(name):
        return _with_password(given, secret(password)) if password else given
    return started_servers().get(name, fallback)


def started_servers() -> dict[str, str]:
    """DATABASE_URL and its like of the servers that bin/up started; empty without such."""
    try:
        running = json.loads((data_dir() / SERVERS_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return {name: str(value) for name, value in running.items()}


def _with_password(url: str, password: str) -> str:
    if not password:
        return url
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    login, _, host = authority.rpartition("@")
    return f"{scheme}://{login.partition(':')[0]}:{quote(password, safe='')}@{host}{slash}{path}"


def networks(name: str) -> list[str]:
    """Networks and addresses from the environment, else those that bin/up allows."""
    entries = [each.strip() for each in server_url(name, "").split(",") if each.strip()]
    for entry in entries:
        try:
            ip_network(entry, strict=False)
        except ValueError as error:
            raise SystemExit(f"{name}: {entry!r} is no network such as 10.0.0.0/8.") from error
    return entries


def secret_key() -> str:
    """SECRET_KEY from the environment, else one generated and stored in the data folder."""
    if given := secret("SECRET_KEY"):
        return given
    path = data_dir() / KEY_FILE
    try:
        return path.read_text()
    except OSError:
        pass
    key = secrets.token_urlsafe(50)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(key)
    except FileExistsError:
        return path.read_text()
    except OSError:
        # The folder is read-only: commands that need no secrets work with a key of their own.
        return key
    return key
