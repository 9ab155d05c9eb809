"""`bin/up` as somebody starts it in a terminal, and the processes it leads to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil

from tests.e2e.conftest import wait_for


class Running:
    """`bin/up` with its output; `interrupt` is Ctrl-C."""

    def __init__(self, folder: Path, *options: str, log: Path | None = None, **environ: str):
        self.log = log or folder / "output.txt"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [folder / "bin" / "up", *options],
                env=environment(**environ), stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def output(self) -> str:
        return self.log.read_text()

    def address_and_password(self) -> tuple[str, str]:
        def printed() -> bool:
            assert self.process.poll() is None, self.output()
            return "Ctrl-C stops everything." in self.output()

        wait_for(printed, 240, "The first start")
        found = re.search(r"Causebook: (\S+)/\s+Sign in as admin .* (\S+)\n", self.output())
        assert found, self.output()
        return found[1], found[2]

    def interrupt(self) -> None:
        # A terminal sends it to every process of the foreground group, not to the first alone.
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.wait(60) == 0, self.output()


def environment(**changed: str) -> dict[str, str]:
    """A new shell's: nothing in it of how these tests run."""
    return {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), **changed}


def processes_of(folder: Path) -> list[str]:
    """Command lines of all processes that run in or with a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            line, place = " ".join(process.cmdline()), process.cwd()
        except psutil.Error:
            continue
        if str(folder) in line or place.startswith(str(folder)):
            found.append(line)
    return found
