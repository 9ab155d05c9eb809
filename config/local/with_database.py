"""Runs manage.py for bin/backup and bin/restore, with the database of bin/up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from config import env
from config.local import private_folder
from config.local.claim import State, claim, run_in, state_of
from config.local.embedded_postgres import DATABASE, LOG, EmbeddedPostgres, PostgresError
from config.local.options import fail

RESTORE = "restore"


def main(arguments: Sequence[str]) -> int:
    os.umask(0o077)
    data = env.data_dir().resolve()
    if env.secret("DATABASE_URL") or not {"-h", "--help"}.isdisjoint(arguments):
        return _manage(arguments)
    try:
        state = state_of(data)
    except PermissionError:
        fail(f"{data} belongs to another user. Run this as the user who runs bin/up.")
    if state is State.RUNS:
        _refuse_while_running(data, arguments[0])
        return _manage(arguments)
    with _own_server(data, arguments[0]) as url:
        os.environ["DATABASE_URL"] = url
        return _manage(arguments)


def _manage(arguments: Sequence[str]) -> int:
    # The data folder as it is, also for a process that runs in another one.
    os.environ["CAUSEBOOK_DATA_DIR"] = str(env.data_dir().resolve())
    command = [sys.executable, str(env.ROOT / "manage.py"), *arguments]
    return subprocess.run(command, check=False).returncode


def _refuse_while_running(data: Path, command: str) -> None:
    if command == RESTORE:
        run = run_in(data)
        where = f" ({run.address}/, process {run.pid})" if run else ""
        fail(f"Causebook runs from {data}{where}. Stop it first, then restore.")
    if "DATABASE_URL" not in env.started_servers():
        fail("Causebook is starting. Try again when bin/up shows its address.")


@contextmanager
def _own_server(data: Path, command: str) -> Iterator[str]:
    """Start PostgreSQL on the data folder, which nobody else uses meanwhile."""
    if command == RESTORE:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not (data / "postgresql" / "PG_VERSION").exists():
        fail(f"There is no database in {data}. Set CAUSEBOOK_DATA_DIR, or DATABASE_URL.")
    claimed = claim(data)
    if claimed is None:
        fail(f"Another program uses {data}. Wait for its end, then try again.")
    try:
        private_folder.close_to_others(data, passable=os.geteuid() == 0)
        postgres = EmbeddedPostgres(data)
        postgres.prepare()
        with (data / LOG).open("ab") as log:
            # Ctrl-C goes to this process alone, which stops it afterwards.
            server = subprocess.Popen(
                postgres.command(), cwd=env.ROOT, stdout=log, stderr=log, start_new_session=True
            )
        try:
            postgres.wait_until_it_answers(lambda: server.poll() is not None)
            yield postgres.url(DATABASE)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
    except (PostgresError, OSError) as error:
        fail(f"{error} {data / LOG} says more.")
    finally:
        claimed.release()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
