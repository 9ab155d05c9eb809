"""PostgreSQL and Redis from wheels for tests, by the commands that bin/up runs."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from config import env
from config.local.embedded_postgres import DATABASE, LOG, EmbeddedPostgres
from config.local.embedded_redis import redis_command


class Postgres:
    """A running server with its data in `folder`, and the URL of a database in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.server = EmbeddedPostgres(folder)
        self._log = folder / LOG
        self.start()
        self.url = self.server.make_database(DATABASE)

    def start(self) -> None:
        self.server.prepare()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self.server.command(), cwd=env.ROOT, stdout=log, stderr=log
            )
        self.server.wait_until_it_answers()

    @property
    def bin_path(self) -> Path:
        return self.server.bin_path

    def stop(self) -> None:
        # It is tied to this process by SIGINT, which is also its orderly stop.
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


def start_redis(folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(redis_command(folder), cwd=env.ROOT, stdout=subprocess.DEVNULL)
