"""The README's two commands for somebody without rights, in an unusual place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bin_up import Running, as_user, copy_project, environment, processes_of, sign_in
from tests.e2e.conftest import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
NOBODY = 65534
LENGTH = 170
"""Characters: more than the name of a socket may have."""


@pytest.fixture
def user() -> int | None:
    """Nobody where root runs the tests, else whoever does; the environment must be readable."""
    found = NOBODY if os.geteuid() == 0 else None
    try:
        subprocess.run(
            [f"{sys.prefix}/bin/python", "-c", "import django"], check=True, cwd="/",
            env=environment(), capture_output=True, **as_user(found),
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"Another user cannot run {sys.prefix}/bin/python.")
    return found


@pytest.fixture
def base(user: int | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="another user "))
    folder.chmod(0o755)
    yield folder
    (folder / "home").chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def checkout(base: Path, user: int | None) -> Path:
    """The project in a folder of its own, with the environment that runs this."""
    folder = base / "Störfälle & Lösungen" / "für die Züge"
    folder /= "ü" * (LENGTH - len(str(folder)) - 1)
    copy_project(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    if user is not None:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, user, user, follow_symlinks=False)
    return folder


@pytest.fixture
def home(base: Path, user: int | None) -> Path:
    folder = base / "home"
    folder.mkdir(mode=0o555)
    write = subprocess.run(
        [f"{sys.prefix}/bin/python", "-c", "open('file', 'w')"],
        cwd=folder, env=environment(), capture_output=True, check=False, **as_user(user),
    )  # fmt: skip
    assert b"Permission denied" in write.stderr
    return folder


def test_both_commands_work_in_a_long_path_with_umlauts_and_without_a_writable_home(
    checkout: Path, home: Path, user: int | None, tmp_path: Path
) -> None:
    assert len(str(checkout)) == LENGTH
    ports = ("--port", str(free_port()), "--world-port", str(free_port()))
    log = tmp_path / "output.txt"
    up = Running(checkout, "--demo", *ports, log=log, user=user, HOME=str(home))
    try:
        address, password = up.address_and_password()
        assert "INC-" in sign_in(address, password).get("/").text
        owners = {path.stat().st_uid for path in (checkout / "var").iterdir()}
        assert owners == {os.geteuid() if user is None else user}
    finally:
        up.interrupt()
    assert "Traceback" not in up.output()
    assert up.output().endswith("Stopped.\n")
    assert processes_of(checkout) == []

    # One file of tests that needs PostgreSQL and Redis; all of them are what this is part of.
    done = subprocess.run(
        [checkout / "bin" / "test", "-q", "tests/config/test_health.py"],
        env=environment(HOME=str(home)), capture_output=True, text=True, check=False,
        **as_user(user),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
