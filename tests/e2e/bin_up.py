"""`bin/up` as somebody starts it in a terminal, and the processes it leads to."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.conftest import tool
from tests.e2e.conftest import ROOT, wait_for


def copy_project(folder: Path) -> None:
    """The project as git has it, with what is not committed yet."""
    listing = [tool("git"), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


class Running:
    """`bin/up` with its output, as another `user` if root names one; `interrupt` is Ctrl-C."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        log: Path | None = None,
        user: int | None = None,
        **environ: str,
    ):
        self.log = log or folder / "output.txt"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [folder / "bin" / "up", *options],
                env=environment(**environ), stdout=output, stderr=output, start_new_session=True,
                **as_user(user),
            )  # fmt: skip

    def output(self) -> str:
        return self.log.read_text()

    def address(self) -> str:
        """Where it serves, once it does."""

        def printed() -> bool:
            assert self.process.poll() is None, self.output()
            return "Ctrl-C stops everything." in self.output()

        wait_for(printed, 240, "The first start")
        return self._printed(r"Causebook: (\S+)/\n")

    def address_and_password(self) -> tuple[str, str]:
        return self.address(), self._printed(r"Sign in as admin .* (\S+)\n")

    def _printed(self, pattern: str) -> str:
        found = re.search(pattern, self.output())
        assert found, self.output()
        return found[1]

    def interrupt(self) -> None:
        # A terminal sends it to every process of the foreground group, not to the first alone.
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.wait(60) == 0, self.output()


def as_user(user: int | None) -> dict[str, Any]:
    """What subprocess needs to run something as `user`, without groups of the present one."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


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


def sign_in(address: str, password: str) -> httpx.Client:
    browser = httpx.Client(base_url=address, follow_redirects=True, timeout=20, trust_env=False)
    assert "Sign in" in browser.get("/").text
    post(browser, "/sign-in/", username="admin", password=password)
    return browser


def post(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    token = browser.cookies["csrftoken"]
    answer = browser.post(path, data={"csrfmiddlewaretoken": token, **fields})
    assert answer.status_code == 200, answer.text
    return answer
