"""A pytest plug-in: real PostgreSQL and Redis for the tests, before Django reads its settings."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
FOLDER = Path(tempfile.mkdtemp(prefix="causebook-tests-"))
FOLDER.chmod(0o755)
os.environ["CAUSEBOOK_DATA_DIR"] = str(FOLDER)
os.environ["SECRET_KEY"] = "only-for-tests"
# Importing `config` below would name the product's settings, before pytest's own name these.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from config.local.embedded_redis import redis_url  # noqa: E402
from tests.embedded import Postgres, start_redis  # noqa: E402

postgres: Postgres | None = None
if "CAUSEBOOK_TEST_DATABASE_URL" in os.environ:
    DATABASE_URL = os.environ["CAUSEBOOK_TEST_DATABASE_URL"]
else:
    postgres = Postgres(FOLDER)
    DATABASE_URL = postgres.url
    with psycopg.connect(DATABASE_URL, autocommit=True) as connection:
        # These databases live for one run: nobody needs them after a power cut.
        for option in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {option} = off")
        connection.execute("SELECT pg_reload_conf()")
os.environ["DATABASE_URL"] = DATABASE_URL
redis = start_redis(FOLDER)
os.environ["REDIS_URL"] = redis_url(FOLDER)


def _stop() -> None:
    redis.kill()
    redis.wait()
    if postgres:
        postgres.stop()
    shutil.rmtree(FOLDER, ignore_errors=True)


atexit.register(_stop)
