"""The command line against a running server, as people and scripts use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from incidents.api import streams
from incidents.filing import file_incident
from incidents.models import Change, Incident, Service
from incidents.tokens import create_token
from kb.causes.linking import name_cause
from people.membership import give_role
from people.models import Role
from practice.models import Slo
from tests.practice.conftest import count, fail

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(live_server: Any, user: User, tmp_path: Path) -> Run:
    """`run("ask", "words", code=0)`: the command in a process of its own, its exit code checked."""
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "cli"), "HOME": str(tmp_path),
        "CAUSEBOOK_URL": live_server.url, "CAUSEBOOK_TOKEN": create_token(user, "cli", "file")[1],
    }  # fmt: skip

    def command(
        *words: str, code: int = 0, given: str | None = None, **changed: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "causebook_cli.main", *words], input=given, text=True,
            env={**environment, **changed}, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, (done.stdout, done.stderr)
        return done

    return command


def test_from_filing_to_a_cause_that_the_next_question_finds(run: Run, database: Service) -> None:
    reference = run("file", "orders-db CPU at 95 %", "--service", "orders-db").stdout.strip()
    incident = Incident.objects.get()
    assert reference == incident.reference
    run("link", reference, "Missing index", "--reason", "The plan says so")
    assert incident.causes.get().name == "Missing index"
    found = json.loads(run("ask", "orders-db", "CPU", "at", "97 %", "--json").stdout)
    assert found["causes"][0]["name"] == "Missing index"
    table = run("ask", "orders-db CPU at 97 %").stdout
    assert "Missing index" in table
    assert reference in table
    piped = run("ask", "-", given="orders-db CPU\nat 97 % since the deploy\n").stdout
    assert "Missing index" in piped
    shown = run("show", reference).stdout
    assert "root cause, confirmed: Missing index" in shown
    again = file_incident(title="orders-db CPU again", services=[database])
    assert "Missing index" in run("similar", again.reference).stdout


def test_exit_codes_tell_scripts_what_happened(run: Run, incident: Incident) -> None:
    assert "Nothing like this" in run("ask", "zebra quux flurb", code=6).stdout
    assert "names no incident" in run("show", "abc", code=2).stderr
    run("show", "INC-999999", code=4)
    assert "services" in run("file", "x", "--service", "nowhere", code=2).stderr
    assert "No token has this text" in run("whoami", code=3, CAUSEBOOK_TOKEN="cb_no").stderr
    dead = run("whoami", code=5, CAUSEBOOK_URL="http://127.0.0.1:9").stderr
    assert "does not answer" in dead
    assert "No token" in run("whoami", code=2, CAUSEBOOK_TOKEN="").stderr
    run("nonsense", code=2)


def test_address_and_token_may_come_from_a_file(
    run: Run, live_server: Any, user: User, tmp_path: Path
) -> None:
    token = create_token(user, "file", "read")[1]
    folder = tmp_path / ".config"
    folder.mkdir()
    (folder / "causebook.toml").write_text(f'url = "{live_server.url}"\ntoken = "{token}"\n')
    printed = run("whoami", CAUSEBOOK_URL="", CAUSEBOOK_TOKEN="").stdout
    assert printed.strip() == f"{user}: read"
    refused = run("file", "x", code=3, CAUSEBOOK_URL="", CAUSEBOOK_TOKEN="").stderr
    assert "may only read" in refused


def test_ci_tells_of_a_deploy_in_one_line_and_twice_makes_one(run: Run, database: Service) -> None:
    line = (
        "changes",
        "add",
        "orders-db",
        "orders-db 8.53",
        "--version",
        "8.53",
        "--id",
        "build-17",
    )
    assert run(*line).stdout == run(*line).stdout
    assert Change.objects.get().title == "orders-db 8.53"
    assert "orders-db 8.53" in run("changes", "list", "orders-db").stdout


def test_a_history_goes_in_and_comes_out(
    run: Run, tmp_path: Path, database: Service, user: User
) -> None:
    rows = [
        {"id": f"a{n}", "title": f"Disk full {n}", "started_at": "2026-03-01T10:00:00Z"}
        for n in range(3)
    ]
    path = tmp_path / "history.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"id": "b", "title": ""}]))
    refused = run("import", str(path), "--source", "old", code=3)
    assert "role Manager" in refused.stderr
    give_role(user, Role.MANAGER)
    token = {"CAUSEBOOK_TOKEN": create_token(user, "history", "admin")[1]}
    dry = run("import", str(path), "--source", "old", "--dry-run", code=1, **token)
    assert "3 would be imported, 0 known, 1 rejected" in dry.stdout
    assert "row 4" in dry.stderr
    assert not Incident.objects.exists()
    run("import", str(path), "--source", "old", code=1, **token)
    lines = run("export", "disk").stdout.splitlines()
    assert {json.loads(line)["title"] for line in lines} == {row["title"] for row in rows}
    table = tmp_path / "history.csv"
    table.write_text("number,name,started_at\n7,Cache cold,2026-03-02 10:00\n")
    assert "1 imported" in run("import", str(table), "--source", "csv", **token).stdout
    assert "csv: " in run("import", str(tmp_path / "none.csv"), "--source", "x", code=2).stderr


def test_tail_follows_what_happens(
    run: Run, incident: Incident, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "POLL", 0.1)
    first = incident.events.get().pk
    name_cause(incident, "Missing index", author=user)
    printed = run("tail", "--after", str(first), "--count", "1").stdout
    assert "Missing index" in printed
    event = json.loads(run("tail", "--after", str(first), "--count", "1", "--json").stdout)
    assert event["kind"] == "cause.confirmed"


def test_a_pipeline_asks_whether_it_may_release_and_tells_of_its_load_test(
    run: Run, database: Service, tmp_path: Path
) -> None:
    run("budget", "orders-db", code=4)
    slo = Slo.objects.create(
        service=database, name="availability", numerator="a[$window]", total="b[$window]"
    )
    assert "unknown" in run("budget", "orders-db").stdout
    now = timezone.now()
    count(slo, now)
    fail(slo, now - timedelta(days=2), 60)
    assert "frozen" in run("budget", "orders-db", code=7).stdout
    path = tmp_path / "summary.json"
    for place, median in enumerate((100, 101, 99, 100, 150)):
        metrics = {"http_req_duration": {"med": median}, "http_reqs": {"count": 9, "rate": 3}}
        path.write_text(json.dumps({"metrics": metrics}))
        arguments = ("load-test", "orders-db", "k6", str(path), "--release", str(place), "--strict")
        posted = run(*arguments, code=8 if median == 150 else 0)
    assert "median up by 50%" in posted.stdout
    assert "availability is spent" in run("gate", "orders-db", "--release", "3", code=7).stdout
    assert "Worse than usual" in run("gate", "orders-db", "--release", "4", code=8).stdout
    run("load-test", "orders-db", "locust", str(path), code=2)
