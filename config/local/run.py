"""What bin/up does once .venv exists: start servers, migrate, create a user, run processes."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

import psycopg

from config import env
from config.local import embedded_servers

PYTHON = sys.executable


def fail(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise SystemExit(1)


def main() -> None:
    options = _options()
    data = env.data_dir().resolve()
    _claim_folder(data)
    _claim_port(options.host, options.port, "--port")
    if options.demo:
        _claim_port("127.0.0.1", options.world_port, "--world-port")
    os.environ["CAUSEBOOK_DATA_DIR"] = str(data)
    os.environ["ALLOWED_HOSTS"] = os.environ.get("ALLOWED_HOSTS") or (
        f"localhost,127.0.0.1,[::1],{options.host}"
    )
    # Links in chat and mails lead to this address, unless there is a proxy with another one.
    os.environ.setdefault("PUBLIC_URL", f"http://{_shown_host(options)}:{options.port}")
    postgres = None
    if not os.environ.get("DATABASE_URL"):
        print("Starting PostgreSQL …", flush=True)
        postgres, os.environ["DATABASE_URL"] = embedded_servers.start_postgres(data)
    _check_database(os.environ["DATABASE_URL"])
    own_redis = not os.environ.get("REDIS_URL")
    if own_redis:
        os.environ["REDIS_URL"] = embedded_servers.redis_url(data)
    # So that `manage.py` in another terminal finds the servers.
    servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    _write_private(data / "servers.json", json.dumps(servers))
    (env.ROOT / "static-built").mkdir(exist_ok=True)
    password = _prepare_database(data, options)
    config = data / "supervisord.conf"
    config.write_text(_supervisor_config(data, options, own_redis))
    try:
        _run(config, options, password, postgres)
    finally:
        (data / "servers.json").unlink(missing_ok=True)
        (data / "up.pid").unlink(missing_ok=True)
        print("Stopped.", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/up", description="Start Causebook on this host.")
    parser.add_argument("--demo", action="store_true", help="with a demo shop and its history")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--world-port", type=int, default=9810, help="where the demo shop's telemetry is served"
    )
    parser.add_argument("--workers", type=int, default=2, help="Celery worker processes")
    return parser.parse_args()


def _shown_host(options: argparse.Namespace) -> str:
    """The host name for a browser on this machine."""
    everywhere = ("127.0.0.1", "0.0.0.0", "::")
    host = "localhost" if options.host in everywhere else options.host
    return f"[{host}]" if ":" in host else host


def _claim_folder(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / ".writable").touch()
        (data / ".writable").unlink()
    except OSError:
        fail(
            f"The folder {data} cannot be written. Make it writable, "
            "or set CAUSEBOOK_DATA_DIR to one that is."
        )
    pid_file = data / "up.pid"
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        command = b""
    if any(name in command for name in (b"config.local.run", b"config.up")):
        fail(f"Causebook already runs from this folder (process {pid}). Stop that one first.")
    pid_file.write_text(str(os.getpid()))


def _claim_port(host: str, port: int, option: str) -> None:
    if not 0 < port < 65536:
        fail(f"There is no port {port}. Choose one from 1 to 65535 with {option}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            fail(
                f"Port {port} on {host} cannot be used ({error.strerror}). "
                f"Stop the program that has it, or choose another with {option}."
            )


def _check_database(url: str) -> None:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        fail(
            f"The database in DATABASE_URL does not answer: {reason}. Start it or correct the URL."
        )


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)


def _prepare_database(data: Path, options: argparse.Namespace) -> str:
    """Migrate, create a user, load the demo; in one process, as each start takes seconds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.management import CommandError, call_command
    from django.db import Error, connection

    django.setup()
    try:
        call_command("migrate", verbosity=0, skip_checks=True)
        password = _first_user(data, options.demo)
        if options.demo:
            world = f"http://127.0.0.1:{options.world_port}"
            call_command("load_demo", world=world, skip_checks=True)
    except (Error, CommandError) as error:
        fail(f"The database could not be prepared: {str(error).strip().splitlines()[0]}")
    connection.close()
    return password


def _first_user(data: Path, demo: bool) -> str:
    """Create the first user; returns its password while it is still the generated one.

    Whoever signs in with it chooses another first, except in the demo: nothing in it is secret.
    """
    from django.contrib.auth import get_user_model

    from accounts.sign_in import first_password

    stored = data / "first-password"
    users = get_user_model().objects
    if not users.exists():
        password = secrets.token_urlsafe(9)
        users.create_superuser("admin", password=password)
        _write_private(stored, password)
    password = stored.read_text() if stored.exists() else ""
    first = users.filter(username="admin").first()
    if first is None or not password or not first.check_password(password):
        stored.unlink(missing_ok=True)
        return ""
    if not demo:
        first_password.require_change(first)
    return password


def _supervisor_config(data: Path, options: argparse.Namespace, own_redis: bool) -> str:
    address = f"[{options.host}]" if ":" in options.host else options.host
    celery = [PYTHON, "-m", "celery", "--quiet", "--app", "config"]
    programs = {
        "web": [
            *(PYTHON, "-m", "gunicorn", "config.wsgi", "--bind", f"{address}:{options.port}"),
            *("--workers", "2", "--threads", "8", "--preload", "--log-level", "warning"),
            *("--worker-tmp-dir", str(data), "--no-control-socket"),
        ],
        "worker": [*celery, "worker", "--concurrency", str(options.workers), "-n", "worker@%%h"],
        "beat": [*celery, "beat", "--schedule", str(data / "beat-schedule")],
    }
    if own_redis:
        programs["redis"] = embedded_servers.redis_command(data)
    if options.demo:
        programs["world"] = [PYTHON, "manage.py", "demo_world", "--port", str(options.world_port)]
    who = "user=root\n" if os.geteuid() == 0 else ""
    parts = [
        "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
        f"loglevel=warn\npidfile={data / 'supervisord.pid'}\n{who}"
    ]
    for name, command in programs.items():
        parts.append(
            f"[program:{name}]\ncommand={shlex.join(command)}\ndirectory={env.ROOT}\n"
            f"priority={10 if name == 'redis' else 100}\nautorestart=true\nstartsecs=1\n"
            "startretries=10\nstopasgroup=true\nkillasgroup=true\nstopwaitsecs=15\n"
            "stdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0\nredirect_stderr=true\n"
            f'environment=CAUSEBOOK_PROCESS="{name}",PYTHONUNBUFFERED="1"\n'
        )
    return "\n".join(parts)


def _wait_until_served(options: argparse.Namespace, supervisor: subprocess.Popen[bytes]) -> bool:
    host = options.host if options.host not in ("0.0.0.0", "::") else "127.0.0.1"
    for _ in range(300):
        if supervisor.poll() is not None:
            return False
        try:
            socket.create_connection((host, options.port), 0.2).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def _print_lines(stream: Any) -> None:
    for line in stream:
        print(line.decode(errors="replace"), end="", flush=True)


def _run(config: Path, options: argparse.Namespace, password: str, postgres: Any) -> None:
    """Run the processes until a signal stops them; keep the embedded PostgreSQL running."""
    # Through a pipe: the programs reopen /dev/fd/1, and would overwrite a file.
    supervisor = subprocess.Popen(
        [PYTHON, "-m", "supervisor.supervisord", "-c", str(config)], stdout=subprocess.PIPE
    )
    threading.Thread(target=_print_lines, args=[supervisor.stdout], daemon=True).start()
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            print("\nStopping …", flush=True)
            supervisor.terminate()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if _wait_until_served(options, supervisor):
        print(f"\n  Causebook: http://{_shown_host(options)}:{options.port}/")
        if password:
            print(f"  Sign in as admin with the password {password}")
        else:
            print("  Sign in as before. Forgotten? ./manage.py changepassword admin")
        print("  Ctrl-C stops everything.\n", flush=True)
    while supervisor.poll() is None:
        time.sleep(1)
        if postgres is not None and not stopping:
            postgres.ensure_postgres_running()


if __name__ == "__main__":
    main()
