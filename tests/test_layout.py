"""Who may import whom, and what the pure core must not know."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "common": {"common"},
    "incidents": {"incidents", "common"},
    "kb": {"kb", "incidents", "common"},
    "analysis": {"analysis", "kb", "incidents", "common"},
    "practice": {"practice", "analysis", "kb", "incidents", "common"},
}
OURS = {"config", "common", "incidents", "kb", "analysis", "practice", "demo", "tests"}
PURE = [
    "analysis/similarity",
    "analysis/anomalies.py",
    "analysis/detection.py",
    "analysis/logs.py",
    "analysis/ranking.py",
    "practice/budget.py",
    "practice/changepoints.py",
    "practice/headroom.py",
    "practice/prometheus_rules.py",
]


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_packages_import_only_downwards(package: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / package).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in OURS - MAY_IMPORT[package]
    }
    assert not wrong


def test_the_world_knows_nothing_of_the_product() -> None:
    for path in (ROOT / "demo" / "world").rglob("*.py"):
        assert not {n for n in imports(path) if n.split(".")[0] in OURS - {"demo"}}, path


@pytest.mark.parametrize("part", PURE)
def test_the_pure_core_has_no_django_in_it(part: str) -> None:
    path = ROOT / part
    for file in [path] if path.is_file() else path.rglob("*.py"):
        wrong = {
            name
            for name in imports(file)
            if name.split(".")[0] in {"django", "rest_framework", "incidents", "kb"}
        }
        assert not wrong, file
