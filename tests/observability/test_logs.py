"""Log lines: one format everywhere, what they are about, and what must never be in them."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from logging.config import dictConfig
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import resolve
from hypothesis import given
from hypothesis import strategies as st

from common.log_context import log_context, logging_about
from config.celery import app, begin_task, end_task, send_request_id
from config.observability.logs import JsonFormatter, TextFormatter, logging_config

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "ghp_" + "a1B2" * 9
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines that are written, as JSON says them."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def record(message: str, *args: Any, name: str = "incidents.x", **fields: Any) -> Any:
    made = logging.LogRecord(name, logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(fields)
    return made


def test_a_line_of_json_says_when_how_bad_where_and_what_it_is_about(lines: Lines) -> None:
    with logging_about(request_id="r-12345678", incident_id=7, delivery_id=""):
        try:
            raise ValueError(f"password=hunter22 and {TOKEN}")
        except ValueError:
            logging.getLogger("incidents.intake").exception("Failed with token=%s", TOKEN)
    [line] = lines()
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["logger"]) == ("error", "incidents.intake")
    assert (line["request_id"], line["incident_id"]) == ("r-12345678", "7")
    assert "delivery_id" not in line
    assert "ValueError" in line["exception"]
    assert "hunter22" not in str(line)
    assert TOKEN not in str(line)


def test_a_line_of_text_has_date_and_level_and_redacts_too() -> None:
    with logging_about(request_id="r-12345678"):
        line = TextFormatter().format(record("token=%s", TOKEN))
    process, at, level, logger, about, _ = line.split(None, 5)
    assert (process, level, logger) == ("causebook", "WARNING", "incidents.x")
    assert (at[4], at[-1]) == ("-", "Z")
    assert about == '[request_id="r-12345678"]'
    assert TOKEN not in line


@given(st.text(max_size=300), st.text(max_size=50))
def test_nobody_can_write_a_line_that_seems_to_be_ours(message: str, delivery: str) -> None:
    forged = f"{message}\nweb       2026-01-01T00:00:00.000Z INFO    accounts signed in\x1b[2K"
    with logging_about(delivery_id=delivery):
        first, *others = TextFormatter().format(record("%s", forged)).split("\n")
        as_json = JsonFormatter().format(record("%s", forged))
    assert first.startswith("causebook ")
    assert all(other.startswith("    ") for other in others)
    assert "\x1b" not in "".join([first, *others])
    assert "\n" not in as_json
    assert json.loads(as_json)["logger"] == "incidents.x"


SECRET_PATH = "/hooks/some-slug/very-secret-key/"


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_the_key_in_an_address_is_not_logged(formatter: logging.Formatter) -> None:
    request: Any = RequestFactory().post(SECRET_PATH)
    unknown = record("Not Found: %s", SECRET_PATH, request=request, name="django.request")
    assert "very-secret-key" not in formatter.format(unknown)
    request.resolver_match = resolve(SECRET_PATH)
    failed = record("Internal Server Error: %s", SECRET_PATH, request=request)
    line = formatter.format(failed)
    assert "very-secret-key" not in line
    assert "hooks/<str:slug>" in line
    for text in ("Client disconnected while serving %s", "Exception while serving %s"):
        assert "very-secret" not in formatter.format(record(text % SECRET_PATH, name="waitress"))


@pytest.mark.parametrize(
    ("given", "is_used"),
    [
        pytest.param("7f9c24e5b1d04cc0a9d9d2ea0c3e6a10", True, id="nginx's own"),
        pytest.param("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", True, id="a UUID"),
        pytest.param("short", False, id="too short to find again"),
        pytest.param("x" * 129, False, id="too long"),
        pytest.param("a b c d e f g h", False, id="with spaces"),
        pytest.param('"} {"level":"error"', False, id="a piece of JSON"),
        pytest.param("idididid\u00e9", False, id="not ASCII"),
        pytest.param("", False, id="none"),
    ],
)
def test_an_id_of_a_proxy_is_used_if_it_is_one(client: Client, given: str, is_used: bool) -> None:
    answer = client.get("/livez", headers={"X-Request-ID": given} if given else {})
    answered = answer.headers["X-Request-ID"]
    assert (answered == given) is is_used
    assert len(answered) >= 8


def test_each_request_has_an_id_of_its_own(client: Client) -> None:
    ids = {client.get("/livez").headers["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
    assert log_context() == {}


def test_a_task_says_its_name_and_id_and_which_request_sent_it(lines: Lines) -> None:
    headers: dict[str, Any] = {}
    with logging_about(request_id="r-12345678"):
        send_request_id(headers=headers)
    task = app.tasks["incidents.tasks.sweep_intake"]
    task.push_request(id="t-1", **headers)
    try:
        begin_task(task_id="t-1", task=task)
        logging.getLogger("incidents.tasks").warning("slow")
        end_task(task_id="t-1", task=task, state="SUCCESS")
        logging.getLogger("incidents.tasks").warning("idle")
    finally:
        task.pop_request()
    busy, idle = lines()
    assert (busy["task"], busy["task_id"]) == ("incidents.tasks.sweep_intake", "t-1")
    assert busy["request_id"] == "r-12345678"
    assert "task" not in idle


@pytest.mark.parametrize("format", ["json", "text"])
def test_gunicorn_celery_and_commands_write_the_format_that_is_set(format: str) -> None:
    code = (
        "import logging, config.celery, django; django.setup()\n"
        "from gunicorn.app.wsgiapp import WSGIApplication\n"
        "from gunicorn.glogging import Logger\n"
        "import sys; sys.argv = ['gunicorn', 'config.wsgi']\n"
        "Logger(WSGIApplication().cfg).error('from %s', 'gunicorn')\n"
        "config.celery.log_like_django()\n"
        "logging.getLogger('celery.worker').warning('from celery')\n"
        "logging.getLogger('incidents').info('from a command')\n"
        "from billiard.util import get_logger; get_logger().error('from the pool')\n"
        "import warnings; warnings.warn('of a library', stacklevel=1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "LOG_FORMAT": format, "CAUSEBOOK_PROCESS": "web",
             "DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip
    written = done.stderr.splitlines()
    if format == "text":
        written = [line for line in written if not line.startswith("    ")]
    loggers = ["gunicorn.error", "celery.worker", "incidents", "multiprocessing", "py.warnings"]
    assert len(written) == len(loggers), done.stderr
    for line, logger in zip(written, loggers, strict=True):
        if format == "json":
            assert json.loads(line)["process"] == "web"
            assert json.loads(line)["logger"] == logger
        else:
            assert line.startswith("web       2")
            assert f" {logger} " in line


def test_a_format_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")
    with pytest.raises(SystemExit, match="LOG_FORMAT must be text or json, not 'xml'"):
        logging_config()
    monkeypatch.setenv("LOG_FORMAT", "json")
    dictConfig({**logging_config(), "root": {}, "loggers": {}})
