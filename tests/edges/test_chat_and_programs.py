"""Chat, command line, assistants and imported tables take odd text: an answer in words."""

from __future__ import annotations

import csv
import json
import re
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from causebook_cli.client import Failed
from causebook_cli.main import app
from causebook_cli.mcp_server import make_server
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from mcp.server.mcpserver.exceptions import ToolError
from typer.testing import CliRunner

from incidents.models import Incident
from incidents.tokens import create_token
from kb.chat.base import ChatEvent
from kb.chatops import dispatch, endpoints
from kb.models import Workspace
from tests.cli.local_server import answered_here
from tests.cli.test_acts_by_role import COMMANDS, TOOLS
from tests.edges.odd_texts import ODD_TEXTS
from tests.kb.chat_requests import teams_request

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
TRIED = {
    name: ODD_TEXTS[name]
    for name in ("null", "controls", "right to left override", "emoji", "html", "long number",
                 "deep", "query", "reference")
} | {"half pair": "a\ud800b", "much": "word " * 200_000}  # fmt: skip


@pytest.mark.parametrize("odd", TRIED)
def test_every_chat_command_answers_odd_text_in_words(person: User, odd: str) -> None:
    workspace = Workspace.objects.get(name="Slack")
    incident = Incident.objects.order_by("pk").first()
    assert incident
    # Platforms' JSON is mended when it is read, so half a pair comes as its replacement.
    text = TRIED[odd].replace("\ud800", "\ufffd")
    kinds = [("command", name) for name in ["", "share", *dispatch.COMMANDS]]
    kinds += [("button", name) for name in dispatch.BUTTONS] + [("mark", "")]
    for kind, name in kinds:
        for words in (f"{name} {text}", f"{name} {incident.reference} {text}"):
            event = ChatEvent(kind, words, "U1", "Ann", "C1", private=True)
            begun = time.thread_time()
            with transaction.atomic():
                answer = dispatch.answer_event(workspace, event, can_answer_privately=True)
                transaction.set_rollback(True)
            assert answer.text or answer.items, (kind, name)
            assert time.thread_time() - begun < 3, (kind, name)


@pytest.mark.parametrize("odd", TRIED)
def test_a_message_of_odd_text_is_answered_or_refused_in_words(
    person: User, odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "INLINE_SECONDS", 20.0)
    monkeypatch.setattr(endpoints, "_pool", SimpleNamespace(submit=submit_here))
    monkeypatch.setattr(connection, "close", lambda: None)
    workspace = Workspace(kind="teams", name="Teams", settings={})
    workspace.secrets = {"secret": "c2l4dGVlbiBieXRlIGtleQ=="}
    workspace.save()
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    body, signature = teams_request(f"ask {TRIED[odd]}", at)
    answer = Client(raise_request_exception=False).post(
        f"/chat/{workspace.slug}/", body, "application/json",
        headers={"Authorization": signature},
    )  # fmt: skip
    said = answer.content.decode()
    assert answer.status_code == (413 if odd == "much" else 200), said
    assert said.strip("{}"), "a sentence"
    assert "Something went wrong" not in said


def submit_here(act: Any, *given: Any) -> Any:
    """As the pool does, in the thread whose transaction the test sees."""
    value = act(*given)
    return SimpleNamespace(result=lambda _=None: value, add_done_callback=lambda call: call(value))


@pytest.fixture
def token(person: User) -> str:
    made, text = create_token(person, "odd", "file")
    type(made).objects.filter(pk=made.pk).update(scope="admin")
    return text


@pytest.mark.parametrize("odd", TRIED)
def test_every_command_of_the_command_line_takes_odd_words(
    token: str, odd: str, tmp_path: Path
) -> None:
    text = TRIED[odd][:10_000]  # No shell hands over much more.
    incident = Incident.objects.order_by("pk").first()
    assert incident
    wrong = []
    with answered_here(token):
        for name, (line, _) in COMMANDS.items():
            if name in ("tail", "import", "load-test"):
                continue
            words = line.format(incident=incident.pk, cause=1).split()
            for last in ([*words[:-1], text], [*words, text]):
                done = CliRunner().invoke(app, last)
                if not isinstance(done.exception, Failed | SystemExit | type(None)):
                    wrong.append(f"{name}: {done.exception!r}"[:300])
                elif isinstance(done.exception, Failed) and "HTTP 5" in str(done.exception):
                    wrong.append(f"{name}: {done.exception}"[:300])
    assert not wrong


def test_the_command_line_reads_a_pipe_that_is_no_text(token: str) -> None:
    with answered_here(token):
        done = CliRunner().invoke(app, ["ask", "-"], input=b"orders-db \xff\xfe slow\n")
    assert isinstance(done.exception, SystemExit | type(None)), done.exception


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("long.csv", b"id,title,impact_started_at\n1," + b"w" * 200_000 + b",2026-01-01\n"),
        ("null.csv", b"id,title,impact_started_at\n1,a\x00b,2026-01-01\n"),
        ("bytes.csv", b"id,title,impact_started_at\n1,\xff\xfe,2026-01-01\n"),
        ("deep.jsonl", b"[" * 100_000 + b"\n"),
        ("list.jsonl", b"[1, 2]\n"),
        ("half.jsonl", b'{"id": "1", "title": "a\\ud800b", "impact_started_at": "2026-01-01"}\n'),
        ("right.csv", "id,title,impact_started_at\n1,\u202eeno,2026-01-01\n".encode()),
        ("emoji.csv", "id,title,impact_started_at\n1,👩‍👩‍👧,2026-01-01\n".encode()),
    ],
)
def test_odd_tables_are_imported_or_refused_in_words(
    token: str, name: str, content: bytes, tmp_path: Path
) -> None:
    """By the command line, and by the command of the server."""
    file = tmp_path / name
    file.write_bytes(content)
    limit = csv.field_size_limit(131_072)  # Python's own; the server's readers set another.
    try:
        with answered_here(token):
            done = CliRunner().invoke(app, ["import", str(file), "--source", "odd"])
    finally:
        csv.field_size_limit(limit)
    if isinstance(done.exception, Failed):
        assert re.search(rf"{name}|rows|UTF-8", str(done.exception)), done.exception
        assert "HTTP 5" not in str(done.exception)
    else:
        assert isinstance(done.exception, SystemExit | type(None)), repr(done.exception)
        assert "imported" in done.output
    with suppress(CommandError):  # The command's own refusal; whatever else is raised fails here.
        call_command("import_incidents", str(file), "--source", "odd again")


def test_a_token_with_odd_characters_is_refused_without_repeating_it() -> None:
    for token in ("cb_schlüssel", "cb_a\nb", "cb_a\x00b"):
        with answered_here("cb_x"), pytest.MonkeyPatch.context() as patch:
            patch.setattr("causebook_cli.client._stored", lambda token=token: {"token": token})
            patch.delenv("CAUSEBOOK_TOKEN")
            done = CliRunner().invoke(app, ["whoami"])
        assert isinstance(done.exception, Failed)
        assert "token" in str(done.exception)
        assert token not in str(done.exception)


def answer_of(act: Any, filled: dict[str, Any]) -> str:
    """The mark of what a tool answers, or its refusal in words."""
    try:
        with transaction.atomic():
            mark = act(**filled)["mark"]
            transaction.set_rollback(True)
    except ToolError as refused:
        return str(refused)
    return str(mark)


@pytest.mark.parametrize("odd", TRIED)
def test_every_tool_of_an_assistant_takes_odd_text(token: str, odd: str) -> None:
    incident = Incident.objects.order_by("pk").first()
    assert incident
    text = TRIED[odd]
    tools = make_server()._tool_manager
    with answered_here(token):
        for name, (given, _) in TOOLS.items():
            for field in given:
                filled = {
                    key: json.loads(
                        json.dumps(value).replace("{incident}", str(incident.pk))
                        .replace("{cause}", "1").replace("{postmortem}", "1")
                    )
                    for key, value in given.items()
                }  # fmt: skip
                filled[field] = [text] if isinstance(given[field], list) else text
                tool = tools.get_tool(name)
                assert tool is not None
                said = answer_of(partial(tool.fn, context=SimpleNamespace(headers=None)), filled)
                assert said, (name, field)
                assert "HTTP 5" not in said, (name, field)
