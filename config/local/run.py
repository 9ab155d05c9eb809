"""What bin/up does once .venv exists: start servers, migrate, create a user, run processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg

from config import env
from config.local import embedded_redis, private_folder, status
from config.local.claim import (
    Claim,
    Run,
    State,
    claim,
    preparing,
    run_in,
    state_of,
    write_private,
)
from config.local.embedded_postgres import (
    DATABASE,
    LOG,
    EmbeddedPostgres,
    PostgresError,
    last_failure,
)
from config.local.options import EVERYWHERE, Options, fail, parse
from config.local.prepare_database import FIRST_PASSWORD
from config.local.prepared import Prepared
from config.local.probes import database_problem, port_problem
from config.local.supervision import Program, Supervisor
from config.local.tied_process import tied

PYTHON = sys.executable
FOR_OTHER_TERMINALS = (
    "DATABASE_URL", "REDIS_URL", "ALLOWED_PRIVATE_NETWORKS", "CAUSEBOOK_DEMO_WORLD",
)  # fmt: skip
"""What `manage.py` in another terminal needs to find the servers and to act as they do."""
POSTGRESQL, WEB, WORKER = "postgresql", "web", "worker"
SERVED_WITHIN, RUNNING_WITHIN = 60.0, 10.0
LOOK_EVERY = 1.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stop(Exception):
    """Ctrl-C, or the end of the session."""


def main() -> None:
    options = parse()
    data = env.data_dir().resolve()
    if options.status:
        raise SystemExit(status.show(data))
    _make_folder(data)
    with _claimed(data) as claimed:
        _check_port(options.host, options.port, "--port")
        if options.demo:
            _check_port("127.0.0.1", options.world_port, "--world-port")
        claimed.describe(Run(os.getpid(), options.address, time.time()))
        for number in STOP_SIGNALS:
            signal.signal(number, _stop)
        supervisor = Supervisor(data, claimed.inherited)
        try:
            _run(data, options, supervisor)
        except _Stop:
            print("\nStopping …", flush=True)
        finally:
            # A second Ctrl-C must not end it in the middle of this.
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            supervisor.terminate()
            supervisor.wait()
            (data / env.SERVERS_FILE).unlink(missing_ok=True)
    print("Stopped.", flush=True)


def _stop(*_: object) -> None:
    raise _Stop


def _make_folder(data: Path) -> None:
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_folder.close_to_others(data)
        (data / ".writable").touch()
        (data / ".writable").unlink()
    except OSError:
        fail(
            f"The folder {data} cannot be written. Make it writable, "
            "or set CAUSEBOOK_DATA_DIR to one that is."
        )


@contextmanager
def _claimed(data: Path) -> Iterator[Claim]:
    if state_of(data) is State.STOPPING:
        print("Waiting for the processes of the former run to stop …", flush=True)
    claimed = claim(data)
    if claimed is None:
        run = run_in(data)
        where = f": {run.address}/ (process {run.pid})" if run else ""
        fail(
            f"Causebook already runs from this folder{where}. Stop that one first, "
            "or see bin/up --status."
        )
    try:
        yield claimed
    finally:
        claimed.release()


def _check_port(host: str, port: int, option: str) -> None:
    if not 0 < port < 65536:
        fail(f"There is no port {port}. Choose one from 1 to 65535 with {option}.")
    if reason := port_problem(host, port):
        fail(
            f"Port {port} on {host} cannot be used ({reason}). "
            f"Stop the program that has it, or choose another with {option}."
        )


def _run(data: Path, options: Options, supervisor: Supervisor) -> None:
    """Start everything and watch over it. Ends by _Stop only."""
    _set_environment(data, options)
    servers: list[Program] = []
    postgres = None
    if not os.environ.get("DATABASE_URL"):
        print("Starting PostgreSQL …", flush=True)
        try:
            postgres = EmbeddedPostgres(data)
            postgres.prepare()
        except (PostgresError, OSError) as error:
            fail(str(error))
        os.environ["DATABASE_URL"] = postgres.url(DATABASE)
        command = postgres.command()
        servers.append(Program(POSTGRESQL, command, 10, "INT", data / LOG, stops_children=True))
    # As root it is passable, for the user that PostgreSQL runs as.
    private_folder.close_to_others(data, passable=os.geteuid() == 0)
    # Whatever this process and its children write is for this user alone.
    os.umask(0o077)
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = embedded_redis.redis_url(data)
        servers.append(Program("redis", embedded_redis.redis_command(data), 20))
    programs = _programs(data, options)
    # Everything loads its code while the servers start and the database is prepared.
    with preparing(data) as lock, ExitStack() as stack:
        prepared, preparation = Prepared(data), None
        if not prepared.by_this_code or _has_more_to_prepare(data, options):
            preparation = stack.enter_context(_preparation(options))
        os.environ["CAUSEBOOK_SERVES_AFTER"] = str(lock)
        supervisor.configure([*servers, programs[WEB]])
        supervisor.start()
        if postgres is not None:
            _make_database(data, postgres, supervisor)
        _check_database(os.environ["DATABASE_URL"])
        _write_servers(data)
        url = os.environ["DATABASE_URL"]
        if preparation is None and not prepared.is_so(url):
            preparation = stack.enter_context(_preparation(options))
        if preparation is not None:
            preparation.communicate(b"\n")
            if preparation.returncode:
                raise SystemExit(1)
            prepared.remember(url)
    # The others would take the processor from the first page.
    is_served = _wait_until_served(options, supervisor)
    supervisor.configure([*servers, *programs.values()])
    supervisor.add_new()
    if is_served:
        _wait_until_all_run(supervisor)
        _say_where(data, options)
    while True:
        time.sleep(LOOK_EVERY)
        if supervisor.has_ended:
            print("The supervisor of the processes ended; starting it again …", flush=True)
            supervisor.start()
        else:
            supervisor.revive()


def _set_environment(data: Path, options: Options) -> None:
    """For the processes that are started."""
    os.environ["CAUSEBOOK_DATA_DIR"] = str(data)
    os.environ["ALLOWED_HOSTS"] = os.environ.get("ALLOWED_HOSTS") or (
        f"localhost,127.0.0.1,[::1],{options.host}"
    )
    # Links in chat and mails lead to this address, unless there is a proxy with another one.
    os.environ.setdefault("PUBLIC_URL", options.address)
    # This is one trusted host: its own monitoring and the demo are on it.
    os.environ.setdefault("ALLOWED_PRIVATE_NETWORKS", "127.0.0.0/8,::1")
    for name in ("DATABASE_URL", "REDIS_URL"):
        # From here on it is known, also to the processes that are started.
        if env.secret(name):
            os.environ[name] = env.server_url(name, "", name.replace("_URL", "_PASSWORD"))
            os.environ.pop(f"{name}_FILE", None)
    if options.demo:
        os.environ["CAUSEBOOK_DEMO_WORLD"] = f"http://127.0.0.1:{options.world_port}"
    (env.ROOT / "static-built").mkdir(exist_ok=True)
    # One now, before several processes want it at once.
    env.secret_key()


def _make_database(data: Path, postgres: EmbeddedPostgres, supervisor: Supervisor) -> None:
    try:
        postgres.wait_until_it_answers(lambda: supervisor.gave_up(POSTGRESQL))
        postgres.make_database(DATABASE)
    except (PostgresError, psycopg.Error) as error:
        fail(f"{error} {last_failure(data)}\n{data / LOG} says more.")


def _has_more_to_prepare(data: Path, options: Options) -> bool:
    """Whether there is a demo to load, or a first password to compare, whatever the code."""
    return options.demo or (data / FIRST_PASSWORD).exists()


@contextmanager
def _preparation(options: Options) -> Iterator[subprocess.Popen[bytes]]:
    """The process that migrates and so on, once a line is written to it."""
    world = [os.environ["CAUSEBOOK_DEMO_WORLD"]] if options.demo else []
    command = tied([PYTHON, "-m", "config.local.prepare_database", *world])
    with subprocess.Popen(command, cwd=env.ROOT, stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def _write_servers(data: Path) -> None:
    for_others = {name: os.environ[name] for name in FOR_OTHER_TERMINALS if name in os.environ}
    write_private(data / env.SERVERS_FILE, json.dumps(for_others))


def _check_database(url: str) -> None:
    if reason := database_problem(url):
        fail(
            f"The database in DATABASE_URL does not answer: {reason}. Start it or correct the URL."
        )


def _programs(data: Path, options: Options) -> dict[str, Program]:
    celery = [PYTHON, "-m", "celery", "--quiet", "--app", "config"]
    commands = {
        WEB: [
            *(PYTHON, "-m", "gunicorn", "config.wsgi"),
            *("--bind", f"{options.bound_host}:{options.port}"),
            *("--workers", "2", "--threads", "8", "--preload", "--log-level", "warning"),
            *("--worker-tmp-dir", str(data), "--no-control-socket"),
        ],
        # There are no other workers to get to know, which would take seconds.
        WORKER: [
            *(*celery, "worker", "--concurrency", str(options.workers), "-n", "worker@%h"),
            *("--without-mingle", "--without-gossip"),
        ],
        "beat": [*celery, "beat", "--schedule", str(data / "beat-schedule")],
    }
    if options.demo:
        commands["world"] = [PYTHON, "manage.py", "demo_world", "--port", str(options.world_port)]
    # Celery lets tasks end; a signal to its processes would end them in the middle.
    return {
        name: Program(name, tied(command), stops_children=name == WORKER)
        for name, command in commands.items()
    }


def _wait_until_served(options: Options, supervisor: Supervisor) -> bool:
    host = options.host if options.host not in EVERYWHERE else "127.0.0.1"
    until = time.monotonic() + SERVED_WITHIN
    while time.monotonic() < until and not supervisor.has_ended:
        connection = HTTPConnection(host, options.port, timeout=5)
        try:
            connection.request("GET", "/livez")
            connection.getresponse()
            return True
        except (OSError, HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    return False


def _wait_until_all_run(supervisor: Supervisor) -> None:
    until = time.monotonic() + RUNNING_WITHIN
    while time.monotonic() < until and not supervisor.all_run():
        time.sleep(0.1)


def _say_where(data: Path, options: Options) -> None:
    print(f"\n  Causebook: {options.address}/")
    first = data / FIRST_PASSWORD
    if first.exists():
        print(f"  Sign in as admin with the password {first.read_text()}")
    else:
        print("  Sign in as before. Forgotten? ./manage.py changepassword admin")
    print("  Ctrl-C stops everything.\n", flush=True)


if __name__ == "__main__":
    main()
