"""The pinned packages install on the oldest Python that is promised."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
OLDEST = ["3.11.0", "3.11.1", "3.11.2"]
"""Debian 12 has 3.11.2 and stays with it."""


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


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
