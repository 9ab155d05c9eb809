"""bin/doctor names what is wrong on a host, and the cure."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from config.local import doctor
from config.local.embedded_postgres import VERSION

VARIABLES = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")


@pytest.fixture
def diagnosis(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str]]:
    """The exit code and what is printed, for an environment."""

    def run(**environ: str) -> tuple[int, str]:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("CAUSEBOOK_DATA_DIR", str(tmp_path / "data"))
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["bin/doctor", "--port", str(free_port())])
        return doctor.main(), capsys.readouterr().out

    return run


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_before_the_first_start_nothing_is_wrong(diagnosis: Callable[..., tuple[int, str]]) -> None:
    code, said = diagnosis()
    assert code == 0, said
    assert "Causebook does not run from" in said
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["ok"] * len(doctor.CHECKS)


def test_wrong_settings_are_named_without_their_secrets(
    diagnosis: Callable[..., tuple[int, str]],
) -> None:
    code, said = diagnosis(
        SESSION_MAX_HOURS="soon",
        DATABASE_URL="postgresql://a:hush@127.0.0.1:1/x",
        REDIS_URL="redis://:hush@127.0.0.1:1/0",
    )
    assert code == 1
    for name in ("SESSION_MAX_HOURS", "DATABASE_URL: ", "REDIS_URL: "):
        assert name in said
    assert said.count("→") == 3
    assert "hush" not in said
    assert "Traceback" not in said


def test_a_folder_that_cannot_be_written_is_named(
    diagnosis: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    code, said = diagnosis(CAUSEBOOK_DATA_DIR=str(tmp_path / "file" / "data"))
    assert code == 1
    assert f"{tmp_path / 'file'} cannot be written" in said


def test_what_a_start_would_fail_at_is_named(
    diagnosis: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "postgresql"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("9\n")
    for least in ("LEAST_DISK", "LEAST_MEMORY"):
        monkeypatch.setattr(doctor, least, 10**18)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        monkeypatch.setattr(f"{__name__}.free_port", lambda: number)
        code, said = diagnosis()
    assert code == 1
    for sentence in (
        "what it sealed cannot be read",
        f"The data is of PostgreSQL 9, this release has {VERSION}.",
        "MB are free at",
        "MB of memory are available",
        f"Port {number} cannot be used (Address already in use).",
    ):
        assert sentence in said
    # Reading the settings generates one where there is none.
    assert not (tmp_path / "data" / "secret-key").exists()
