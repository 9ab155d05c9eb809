"""The README's first command, as somebody types it who has just got the project."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bin_up import (
    Running,
    copy_project,
    environment,
    post,
    processes_of,
    sign_in,
)
from tests.e2e.conftest import ROOT, answers, free_port, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
INCIDENT = "Checkout cannot reach the moon"


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    """The project as git has it, in a folder of its own, with the environment that runs this."""
    folder = Path(tempfile.mkdtemp(prefix="first-start-"))
    folder.chmod(0o755)
    copy_project(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_first_command_leads_to_a_signed_in_page_and_a_second_start_still_has_the_data(
    checkout: Path,
) -> None:
    (checkout / ".venv").symlink_to(sys.prefix)
    port, world_port = free_port(), free_port()
    options = ("--demo", "--port", str(port), "--world-port", str(world_port))
    up = Running(checkout, *options)
    try:
        address, password = up.address_and_password()
        assert address == f"http://localhost:{port}"
        browser = sign_in(address, password)
        page = browser.get("/").text
        assert "Traceback" not in up.output()
        past = re.search(r'href="(/INC-\d+/)"[^>]*>\s*([^<]+)', page)
        assert past, page
        assert past[2].strip() in browser.get(past[1]).text
        parts = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page)
        assert {browser.get(part).status_code for part in parts} == {200}
        wait_for(lambda: answers(f"http://127.0.0.1:{world_port}/api/v1/query?query=up"), 30,
                 "The demo's telemetry")  # fmt: skip
        assert INCIDENT in post(browser, "/new/", title=INCIDENT, severity="SEV3").text
    finally:
        up.interrupt()
    assert up.output().endswith("Stopped.\n")
    assert processes_of(checkout) == []
    for each in (port, world_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", each))

    again = Running(checkout, *options)
    try:
        assert again.address_and_password() == (address, password)
        said = refusal(checkout, "--port", str(free_port()))
        assert said == (
            f"Causebook already runs from this folder: {address}/ (process {again.process.pid}). "
            "Stop that one first, or see bin/up --status."
        )
        assert status(checkout) == (0, {
            "beat": "RUNNING", "postgresql": "RUNNING", "redis": "RUNNING", "web": "RUNNING",
            "worker": "RUNNING", "world": "RUNNING",
        })  # fmt: skip
        wait_for(lambda: doctor(checkout)[0] == 0, 90, "A clean bill of health")
        assert f"Causebook runs: {address}/" in doctor(checkout)[1]
        page = sign_in(address, password).get("/").text
        assert page.count(INCIDENT) == 1
        assert past[2].strip() in sign_in(address, password).get(past[1]).text
    finally:
        # Nobody stops what bin/up started when it is killed: the processes stop by themselves.
        again.process.kill()
        again.process.wait()
    wait_for(lambda: processes_of(checkout) == [], 60, "The end of all processes")
    assert status(checkout) == (3, {})


def status(folder: Path) -> tuple[int, dict[str, str]]:
    """The exit code of `bin/up --status`, and the state of each process."""
    done = subprocess.run(
        [folder / "bin" / "up", "--status"],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("  ")]
    return done.returncode, {row[0]: row[1] for row in rows}


def doctor(folder: Path) -> tuple[int, str]:
    """The exit code of `bin/doctor`, and what it prints."""
    done = subprocess.run(
        [folder / "bin" / "doctor"],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def refusal(folder: Path, *options: str, user: int | None = None, **environ: str) -> str:
    """What `bin/up` says when it does not start."""
    done = subprocess.run(
        [folder / "bin" / "up", *options],
        env=environment(**environ), user=user,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2), done
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def test_a_port_that_is_taken_is_one_sentence_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for options, cure in (
            (("--port", port), "--port"),
            (("--demo", "--port", str(free_port()), "--world-port", port), "--world-port"),
        ):
            assert refusal(ROOT, *options, CAUSEBOOK_DATA_DIR=str(tmp_path)) == (
                f"Port {port} on 127.0.0.1 cannot be used (Address already in use). "
                f"Stop the program that has it, or choose another with {cure}."
            )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--prot", "8001"], "unrecognized arguments: --prot 8001"),
        (["--port", "web"], "argument --port: invalid int value: 'web'"),
        (["--port", "99999"], "There is no port 99999. Choose one from 1 to 65535 with --port."),
    ],
)
def test_a_wrong_option_is_one_sentence(options: list[str], sentence: str, tmp_path: Path) -> None:
    said = refusal(ROOT, *options, CAUSEBOOK_DATA_DIR=str(tmp_path))
    assert said.splitlines()[-1].removeprefix("bin/up: error: ") == sentence


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    # Below a file nobody can make a folder, whoever runs the tests.
    blocked = tmp_path / "file" / "data"
    blocked.parent.touch()
    assert refusal(ROOT, CAUSEBOOK_DATA_DIR=str(blocked)) == (
        f"The folder {blocked} cannot be written. Make it writable, "
        "or set CAUSEBOOK_DATA_DIR to one that is."
    )


def test_a_read_only_folder_is_one_sentence_with_what_to_do() -> None:
    with tempfile.TemporaryDirectory(prefix="read-only-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "bin", folder / "bin", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "requirements.txt", folder)
        folder.chmod(0o555)
        # Root may write anywhere, so somebody else starts it then.
        nobody = 65534 if os.geteuid() == 0 else None
        assert refusal(folder, user=nobody) == (
            f"The folder {folder} is read-only. "
            "Copy it to where you may write, or change its owner."
        )
        folder.chmod(0o755)
