"""Settings of PostgreSQL and Redis, from environment variables (docs/settings.md)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url

from config import env

SENTINEL_PORT = 26379


def _database() -> dict[str, Any]:
    url = env.server_url("DATABASE_URL", "postgresql://localhost/causebook", "DATABASE_PASSWORD")
    made: dict[str, Any] = dict(
        dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)
    )
    made.setdefault("OPTIONS", {})["connect_timeout"] = 5
    if env.flag("DATABASE_PGBOUNCER"):
        # Two statements may go to two connections of PostgreSQL: nothing of one lasts to the next.
        made["DISABLE_SERVER_SIDE_CURSORS"] = True
        made["OPTIONS"]["prepare_threshold"] = None
    return made


def _sentinels(entries: list[str]) -> list[tuple[str, int]]:
    found = []
    for entry in entries:
        parts = urlsplit(f"//{entry}")
        try:
            port = parts.port or SENTINEL_PORT
        except ValueError:
            port = 0
        if not parts.hostname or not port:
            raise SystemExit(f"REDIS_SENTINELS: {entry!r} is no host:port.")
        found.append((parts.hostname, port))
    return found


def _broker_url() -> str:
    if not REDIS_SENTINELS:
        return REDIS_URL.replace("unix://", "redis+socket://", 1)
    login = _parts.netloc.rpartition("@")[0]
    before = f"{login}@" if login else ""
    hosts = (f"[{host}]" if ":" in host else host for host, _ in REDIS_SENTINELS)
    ports = (port for _, port in REDIS_SENTINELS)
    return ";".join(
        f"sentinel://{before}{host}:{port}{_parts.path}"
        for host, port in zip(hosts, ports, strict=True)
    )


DATABASES = {"default": _database()}

REDIS_URL = env.server_url("REDIS_URL", "redis://localhost:6379/0", "REDIS_PASSWORD")
REDIS_SENTINELS = _sentinels(env.words("REDIS_SENTINELS"))
"""With these the host in REDIS_URL is the name of the master that they watch."""
_parts = urlsplit(REDIS_URL)
_tls = _parts.scheme == "rediss"
_ca_file = env.text("REDIS_CA_FILE")
REDIS_TLS: dict[str, Any] = {"ssl_cert_reqs": "required"} if _tls else {}
if _tls and _ca_file:
    REDIS_TLS["ssl_ca_certs"] = _ca_file
REDIS_MASTER = _parts.hostname or ""
REDIS_MASTER_OPTIONS: dict[str, Any] = {
    "username": unquote(_parts.username or "") or None,
    "password": unquote(_parts.password or "") or None,
    "db": int(_parts.path.strip("/") or 0) if REDIS_SENTINELS else 0,
    **({"ssl": True, **REDIS_TLS} if _tls else {}),
}
REDIS_SENTINEL_OPTIONS: dict[str, Any] = {
    "password": env.secret("REDIS_SENTINEL_PASSWORD") or None,
    **({"ssl": True, **REDIS_TLS} if _tls else {}),
}

CELERY_BROKER_URL = _broker_url()
CELERY_BROKER_USE_SSL = REDIS_TLS or None
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": 3,
    "socket_timeout": 10,
    # A sweep enqueues lost tasks again, so publishing need not wait long.
    "max_retries": 1,
    # The first queue of a worker that has messages: in turn, a message of the intake waited for a
    # slow pull each, and those that came every second expired before they were reached.
    "queue_order_strategy": "priority",
}
if REDIS_SENTINELS:
    CELERY_BROKER_TRANSPORT_OPTIONS |= {
        "master_name": REDIS_MASTER,
        "sentinel_kwargs": {
            "socket_timeout": 3, "socket_connect_timeout": 3, **REDIS_SENTINEL_OPTIONS,
        },
    }  # fmt: skip
