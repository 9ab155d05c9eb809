"""The pinned packages install on the oldest Python that is promised."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
OLDEST = ["3.11.0", "3.11.1", "3.11.2"]
"""Debian 12 has 3.11.2 and stays with it."""


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    pinned = [line.removesuffix(" \\") for line in lines if "==" in line]
    return dict(line.partition(" ;")[0].split("==") for line in pinned)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_pinned_package_installs_on_the_oldest_python(name: str) -> None:
    checked, refused = 0, []
    for package, version in pins(name).items():
        try:
            about = metadata(package)
        except PackageNotFoundError:  # for other platforms only
            continue
        assert about["Version"] == version, f"{package} is installed in another version"
        allowed = SpecifierSet(about["Requires-Python"] or "")
        refused += [f"{package}=={version} on {each}" for each in OLDEST if each not in allowed]
        checked += 1
    assert not refused
    assert checked > 50


def test_developers_have_every_package_of_the_product_in_its_version() -> None:
    """`bin/up` installs nothing after `bin/test` did."""
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda each: each.name)
def test_every_pinned_package_has_hashes(path: Path) -> None:
    entries = re.split(r"\n(?=\S)", path.read_text().strip())
    assert not [each for each in entries if "==" not in each or "--hash=sha256:" not in each]


def test_both_installers_and_the_image_refuse_a_file_of_another_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT / "bin")
    import environment

    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(environment.subprocess, "run", run)
    assert environment._install_fast("requirements.txt")
    installing = [command for command in commands if "install" in command]
    assert len(installing) == 2
    assert all("--require-hashes" in each for each in [*installing, environment.PIP_INSTALL])
    image = (ROOT / "Dockerfile").read_text()
    assert image.count("pip install") == image.count("--require-hashes") == 1
