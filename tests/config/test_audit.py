"""The step of CI that lists packages and looks for known vulnerabilities."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAFE = {"name": "django", "version": "5.2.19", "vulns": []}
WEAK = {
    "name": "jinja2", "version": "2.4.1",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.8.1"], "description": "x"}],
}  # fmt: skip
UNKNOWN = {"name": "ours", "skip_reason": "not found"}


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "bin")
    loader = SourceFileLoader("audit", str(ROOT / "bin" / "audit"))
    spec = importlib.util.spec_from_loader("audit", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "prepare", lambda _: None)
    monkeypatch.setattr(module, "install_tools", lambda: None)
    monkeypatch.setattr("sys.argv", ["audit", "--sbom", str(tmp_path / "sbom.json")])
    return module


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        pytest.param([SAFE], 0, "No vulnerability is known", id="nothing found"),
        pytest.param([SAFE, WEAK], 1, "jinja2 2.4.1: PYSEC-1, corrected in 2.8.1", id="found"),
        pytest.param([UNKNOWN], 0, "NOT CHECKED for vulnerabilities: 1 pack", id="not known"),
        pytest.param([UNKNOWN, WEAK], 1, "VULNERABLE", id="one of those that are known"),
        pytest.param(None, 0, "NOT CHECKED for vulnerabilities: no such host", id="unreachable"),
    ],
)
def test_only_a_vulnerability_fails_and_what_was_not_checked_is_said(
    rows: Any, code: int, said: str, audit: ModuleType, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def run(command: list[str], **_: Any) -> Any:
        if "environment" in command:
            parts = [
                {"bom-ref": "a", "name": "Django", "version": "5.2.19"},
                {"bom-ref": "b", "name": "pytest", "version": "1"},
            ]
            links = [{"ref": "a", "dependsOn": ["b"]}, {"ref": "b"}]
            bom = {"components": parts, "dependencies": links}
            return subprocess.CompletedProcess(command, 0, json.dumps(bom), "")
        if rows is not None:
            output = next(each for each in command if each.startswith("--output="))
            Path(output.removeprefix("--output=")).write_text(json.dumps({"dependencies": rows}))
        return subprocess.CompletedProcess(command, 1, "", "Traceback\nno such host")

    monkeypatch.setattr(audit.subprocess, "run", run)
    monkeypatch.setattr(audit, "pinned", lambda: {("django", "5.2.19")})
    assert audit.main() == code
    assert said in capsys.readouterr().out
    bom = json.loads((tmp_path / "sbom.json").read_text())
    assert [each["name"] for each in bom["components"]] == ["Django"], "without tools for tests"
    assert bom["dependencies"] == [{"ref": "a", "dependsOn": []}]


def test_it_lists_what_is_pinned_and_ci_runs_it(audit: ModuleType) -> None:
    names = {name for name, _ in audit.pinned()}
    assert {"django", "boto3", "psycopg-binary"} <= names
    assert "pytest" not in names
    assert "\nbin/audit\n" in (ROOT / ".ci" / "run").read_text()


def test_secrets_of_this_folder_do_not_get_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", ".env.*", "var", ".git"} <= set(ignored)
