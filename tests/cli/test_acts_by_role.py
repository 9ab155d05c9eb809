"""Each command and each tool of an assistant asks the gate for the act it is, for every role."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from causebook_cli.client import NOT_ALLOWED, Failed
from causebook_cli.main import app
from causebook_cli.mcp_server import make_server
from django.contrib.auth.models import User
from django.utils import timezone
from mcp.server.mcpserver.exceptions import ToolError
from typer.main import get_command
from typer.testing import CliRunner

from incidents.api import streams
from incidents.events import outbox
from incidents.models import CustomField, Event, Incident, Service
from incidents.permissions import EDIT_INCIDENTS, FILE_INCIDENTS, IMPORT_HISTORY, REPORT_CHANGES
from incidents.tokens import create_token
from kb.models import Cause
from kb.permissions import LINK_CAUSES, WRITE_POSTMORTEMS
from kb.postmortems.editing import start_postmortem
from people.acts import Act
from people.membership import give_role
from people.models import LADDER, Role
from people.permissions import refusal
from practice.models import Slo
from practice.permissions import RECORD_RUNS
from tests.cli.local_server import answered_here

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customer")]
READS = None
"""Takes no act: whoever may sign in may do it, and is shown what they may see."""
COMMANDS: dict[str, tuple[str, Act | None]] = {
    "ask": ("ask orders-db is slow", READS),
    "similar": ("similar INC-{incident}", READS),
    "file": ("file Checkout-is-down", FILE_INCIDENTS),
    "show": ("show INC-{incident}", READS),
    "ack": ("ack INC-{incident}", EDIT_INCIDENTS),
    "field": ("field INC-{incident} customer acme", EDIT_INCIDENTS),
    "resolve": ("resolve INC-{incident} Restarted", EDIT_INCIDENTS),
    "link": ("link INC-{incident} {cause}", LINK_CAUSES),
    "import": ("import {rows} --source jira", IMPORT_HISTORY),
    "export": ("export", READS),
    "whoami": ("whoami", READS),
    "tail": ("tail --after {event} --count 1", READS),
    "budget": ("budget orders-db", READS),
    "gate": ("gate orders-db", READS),
    "load-test": ("load-test orders-db k6 {report}", RECORD_RUNS),
    "changes add": ("changes add orders-db Deployed", REPORT_CHANGES),
    "changes list": ("changes list", READS),
}
TOOLS: dict[str, tuple[dict[str, Any], Act | None]] = {
    "search_past_incidents": ({"query": "orders-db"}, READS),
    "suggest_causes": ({"symptom": "orders-db is slow"}, READS),
    "get_incident": ({"incident": "INC-{incident}"}, READS),
    "get_evidence": ({"incident": "INC-{incident}"}, READS),
    "recent_changes": ({}, READS),
    "file_incident": ({"title": "Checkout is down"}, FILE_INCIDENTS),
    "add_note": ({"incident": "INC-{incident}", "text": "Restarted"}, EDIT_INCIDENTS),
    "acknowledge_incident": ({"incident": "INC-{incident}"}, EDIT_INCIDENTS),
    "set_status": ({"incident": "INC-{incident}", "status": "identified"}, EDIT_INCIDENTS),
    "set_field": (
        {"incident": "INC-{incident}", "field": "customer", "value": "acme"},
        EDIT_INCIDENTS,
    ),
    "link_cause": ({"incident": "INC-{incident}", "cause": "{cause}"}, LINK_CAUSES),
    "record_change": ({"service": "orders-db", "title": "Deployed"}, REPORT_CHANGES),
    "draft_postmortem": ({"incidents": ["INC-{incident}"]}, WRITE_POSTMORTEMS),
    "add_action_item": ({"postmortem": "{postmortem}", "title": "Pin it"}, WRITE_POSTMORTEMS),
}
ROLES = pytest.mark.parametrize(
    "role", [None, *LADDER, Role.AUDITOR], ids=lambda role: role or "no role"
)


@pytest.fixture
def customer() -> CustomField:
    return CustomField.objects.create(name="customer", label="Customer")


def token_of(role: Role | None) -> str:
    person = User.objects.create_user(role or "nobody")
    if role:
        give_role(person, role)
    token, text = create_token(person, "all")
    # Of every scope: what it may not, its owner may not.
    type(token).objects.filter(pk=token.pk).update(scope="admin")
    return text


def all_commands() -> set[str]:
    root: Any = get_command(app)
    names = set()
    for name, each in root.commands.items():
        names |= {f"{name} {sub}" for sub in getattr(each, "commands", {})} or {name}
    return names


def test_tools_say_whether_they_change_something_and_a_reading_token_has_none_that_do() -> None:
    tools = {tool.name: tool.annotations for tool in asyncio.run(make_server().list_tools())}
    for name, (_, act) in TOOLS.items():
        annotations = tools[name]
        assert annotations is not None
        assert annotations.read_only_hint is (act is READS), name
    reading = {tool.name for tool in asyncio.run(make_server(can_write=False).list_tools())}
    assert reading == {name for name, (_, act) in TOOLS.items() if act is READS}


def test_every_command_and_every_tool_is_in_the_tables() -> None:
    assert all_commands() == set(COMMANDS)
    assert {tool.name for tool in asyncio.run(make_server().list_tools())} == set(TOOLS)


@ROLES
def test_each_role_may_by_command_line_what_the_table_says(
    role: Role | None, incident: Incident, database: Service, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(streams, "LONGEST", 0.2)
    newest = outbox.record("incident.filed", incident, "filed")
    Event.objects.update(at=timezone.now() - timedelta(minutes=1))
    cause = Cause.objects.create(name="Missing index")
    Slo.objects.create(service=database, name="Answers", target=99, numerator="a", total="b")
    (tmp_path / "rows.jsonl").write_text(
        json.dumps({"id": "1", "title": "Old", "impact_started_at": "2026-01-01T00:00:00Z"})
    )
    (tmp_path / "k6.json").write_text(json.dumps({"metrics": {}}))
    wrong = []
    with answered_here(token_of(role)):
        for name, (line, act) in COMMANDS.items():
            given = line.format(
                incident=incident.pk, cause=cause.pk, rows=tmp_path / "rows.jsonl",
                report=tmp_path / "k6.json", event=newest.pk - 1,
            )  # fmt: skip
            done = CliRunner().invoke(app, given.split())
            allowed = act is None or act.allowed_to(role or Role.VIEWER)
            refused = isinstance(done.exception, Failed) and done.exception.code == NOT_ALLOWED
            if refused is allowed or not isinstance(
                done.exception, Failed | SystemExit | type(None)
            ):
                wrong.append(f"{name}: {done.exception!r} {done.output[:200]}")
            elif refused and act:
                assert str(refusal(act)) in str(done.exception), name
    assert not wrong


@ROLES
def test_each_role_may_by_an_assistant_what_the_table_says(
    role: Role | None, incident: Incident
) -> None:
    filed = Incident.objects.count()
    cause, postmortem = Cause.objects.create(name="Missing index"), start_postmortem([incident])
    with answered_here(token_of(role)):
        for name, (given, act) in TOOLS.items():
            numbers = {"incident": incident.pk, "cause": cause.pk, "postmortem": postmortem.pk}
            filled = {
                key: [each.format(**numbers) for each in value]
                if isinstance(value, list)
                else value.format(**numbers)
                for key, value in given.items()
            }
            # Called in this thread, whose transaction it reads; over stdio there are no headers.
            tool = make_server()._tool_manager.get_tool(name)
            assert tool is not None
            run = partial(tool.fn, context=SimpleNamespace(headers=None), **filled)
            if act is None or act.allowed_to(role or Role.VIEWER):
                assert run()["mark"], name
                continue
            with pytest.raises(ToolError) as refused:
                run()
            assert refusal(act)[:60] in str(refused.value), name
    assert Incident.objects.count() - filed == FILE_INCIDENTS.allowed_to(role or Role.VIEWER)
