"""The README's two commands for somebody without rights, in an unusual place, on another Python.

With that they make an environment: bin/up in CI, bin/test too with CAUSEBOOK_TEST_LOAD=1, as that
environment takes twice the time.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.bin_up import (
    Running,
    as_user,
    copy_project,
    environment,
    post,
    processes_of,
    sign_in,
)
from tests.e2e.conftest import ROOT, free_port, wait_for
from tests.sizes import LONG

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
NOBODY = 65534
CHOSEN, PASSPHRASE = "a password of their own", "a passphrase for backups"
INCIDENT = "Checkout cannot reach the moon"
LENGTH = 170
"""Characters: more than the name of a socket may have."""
NEWER = [f"3.{minor}" for minor in (12, 13, 14) if minor != sys.version_info.minor]
SYSTEM = Path("/usr/bin/python3")
"""The one that Debian ships."""
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"


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
    """The project in a folder of its own, without an environment."""
    folder = base / "Störfälle & Lösungen" / "für die Züge"
    folder /= "ü" * (LENGTH - len(str(folder)) - 1)
    copy_project(folder)
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


def run(folder: Path, command: str, user: int | None, *options: str, **environ: str) -> str:
    """What one of the commands in *bin* prints."""
    done = subprocess.run(
        [folder / "bin" / command, *options],
        env=environment(**environ), capture_output=True, text=True, check=False, **as_user(user),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def file_first_incident(address: str, password: str) -> httpx.Client:
    """What a person does in a new installation; returns their browser."""
    browser = sign_in(address, password)
    passwords = {"oldpassword": password, "password1": CHOSEN, "password2": CHOSEN}
    post(browser, "/account/password/", **passwords)
    assert INCIDENT in post(browser, "/new/", title=INCIDENT, severity="SEV3").text
    return browser


def prefix_of(version: str) -> Path | None:
    """Where a Python of this host is installed, as 3.12; None where there is none."""
    named = shutil.which(f"python{version}")
    by_pyenv = sorted(PYENV.glob(f"{version}.*/bin/python{version}"))
    for python in filter(None, [*by_pyenv, named]):
        asked = [str(python), "-c", "import ensurepip, sys; print(sys.base_prefix)"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Path(done.stdout.strip())
    return None


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def others() -> list[str]:
    """The newest of this host; with CAUSEBOOK_TEST_LOAD=1 each, and the system's own: environments
    take time."""
    found = [each for each in NEWER if prefix_of(each)]
    return ([*found, "system"] if LONG else found[-1:]) or ["own"]


def version_of(python: Path) -> str:
    """As 3.11; empty where it is not there or cannot make environments."""
    asked = [str(python), "-c", "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip()


@pytest.fixture(params=others())
def other(
    request: pytest.FixtureRequest, base: Path, checkout: Path, user: int | None
) -> dict[str, str]:
    """The variables with which `python3` is another Python, also for who cannot read root's.

    On a host without one, the environment that runs this.
    """
    version: str = request.param
    if version == "own":
        (checkout / ".venv").symlink_to(sys.prefix)
        return {"VERSION": f"{sys.version_info[0]}.{sys.version_info[1]}"}
    if version == "system" and (found := version_of(SYSTEM)):
        return {"PATH": "/usr/bin:/bin", "VERSION": found}
    prefix = prefix_of(version)
    if prefix is None:
        pytest.skip("This host has no such Python.")
    variables = {}
    if user is not None and prefix.is_relative_to(Path.home()):
        shutil.copytree(
            prefix, base / "python", symlinks=True, copy_function=link_or_copy,
            ignore=shutil.ignore_patterns("__pycache__", "test", "site-packages", "*.a"),
        )  # fmt: skip
        prefix = base / "python"
        variables["LD_LIBRARY_PATH"] = str(prefix / "lib")
    (base / "bin").mkdir()
    started = base / "bin" / "python3"
    # By a link, Python would not find its library for a virtual environment.
    started.write_text(f'#!/bin/sh\nexec {shlex.quote(f"{prefix}/bin/python{version}")} "$@"\n')
    started.chmod(0o755)
    return {**variables, "PATH": f"{base}/bin{os.pathsep}{os.environ['PATH']}", "VERSION": version}


def test_both_commands_work_for_another_user_in_a_long_path_with_a_python_of_their_own(
    checkout: Path, home: Path, user: int | None, other: dict[str, str], tmp_path: Path
) -> None:
    """The path has umlauts, and the home cannot be written."""
    assert len(str(checkout)) == LENGTH
    version, environ = other.pop("VERSION"), {**other, "HOME": str(home)}
    log = tmp_path / "output.txt"
    up = Running(checkout, "--port", str(free_port()), log=log, user=user, **environ)
    try:
        address, password = up.address_and_password()
        browser = file_first_incident(address, password)
        run(checkout, "backup", user, **environ, BACKUP_PASSPHRASE=PASSPHRASE)
        owners = {path.stat().st_uid for path in (checkout / "var").iterdir()}
        assert owners == {os.geteuid() if user is None else user}
        for path in ("/", "/services/", "/analysis/search/?q=moon", "/api/schema/"):
            assert browser.get(path).status_code == 200, path
        wait_for(lambda: ready(address)["status"] == "ready", 90, "All parts' work")
    finally:
        up.interrupt()
    assert not re.search("Traceback|[a-z]Warning", up.output())
    assert up.output().endswith("Stopped.\n")
    assert processes_of(checkout) == []
    assert (checkout / ".venv" / "lib" / f"python{version}").is_dir()
    # By the quick installer, which needs neither a home nor minutes.
    assert "pip" not in up.output()

    if LONG:
        said = run(checkout, "test", user, "-q", "tests/config/test_requirements.py", **environ)
        assert " passed" in said
    # What tests need besides takes as long again to install, and is in the environment of this.
    (checkout / ".venv").rename(checkout / "former.venv")
    (checkout / ".venv").symlink_to(sys.prefix)
    # One file of tests that needs PostgreSQL and Redis; all of them are what this is part of.
    said = run(checkout, "test", user, "-q", "tests/config/test_health.py", HOME=str(home))
    assert " passed" in said

    # Who runs this test is another user, with another checkout and another data folder.
    [backup] = (checkout / "var" / "backups").glob("*.tar")
    elsewhere = {"CAUSEBOOK_DATA_DIR": str(tmp_path / "elsewhere")}
    run(ROOT, "restore", None, str(backup), **elsewhere, BACKUP_PASSPHRASE=PASSPHRASE)
    up = Running(ROOT, "--port", str(free_port()), log=log, user=None, **elsewhere)
    try:
        assert INCIDENT in sign_in(up.address(), CHOSEN).get("/").text
        if user is not None:
            refused = subprocess.run(
                [checkout / "bin" / "backup"], env=environment(HOME=str(home), **elsewhere),
                capture_output=True, text=True, check=False, **as_user(user),
            )  # fmt: skip
            assert "belongs to another user. Run this as the user" in refused.stderr
            assert "Traceback" not in refused.stderr
    finally:
        up.interrupt()


def ready(address: str) -> dict[str, object]:
    return httpx.get(f"{address}/readyz", trust_env=False).json()
