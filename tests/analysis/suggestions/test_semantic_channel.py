"""Similar incidents with a sentence-embedding model beside the words."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analysis.suggestions.engine import suggest_for_text
from analysis.suggestions.semantic_channel import embedder
from incidents.filing import file_incident
from tests.analysis.small_model import write_model

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
QUESTION = "invoices job slows its disk at noon"
BY_WORDS, BY_MEANING = "invoices job at noon, certificate", "invoices job with a volume"


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.SEMANTIC_MODEL = str(write_model(tmp_path / "small"))
    embedder.cache_clear()
    yield tmp_path / "small"
    settings.SEMANTIC_MODEL = ""
    embedder.cache_clear()


@pytest.fixture
def past(db: None) -> None:
    for title in (BY_WORDS, BY_MEANING, "mailer is late"):
        file_incident(title=title)


def similar(user: User) -> list[str]:
    found = suggest_for_text(QUESTION, user).incidents
    return [each.incident.title for each in found]


def test_by_words_alone_the_incident_with_more_of_them_is_first(past: None, user: User) -> None:
    assert similar(user) == [BY_WORDS, BY_MEANING]


def test_what_means_the_same_in_other_words_moves_up(past: None, folder: Path, user: User) -> None:
    assert similar(user) == [BY_MEANING, BY_WORDS]


def test_the_page_and_the_incident_itself_have_that_order(
    past: None, folder: Path, web: Client
) -> None:
    incident = file_incident(title=QUESTION)
    page = web.get(f"/analysis/incidents/{incident.pk}/suggestions/").content.decode()
    assert 0 < page.index(BY_MEANING) < page.index(BY_WORDS)


def test_a_model_that_breaks_leaves_the_order_by_words(
    past: None, folder: Path, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "onnx" / "model.onnx").write_bytes(b"damaged")
    assert similar(user) == [BY_WORDS, BY_MEANING]
    assert "without the semantic channel" in caplog.text


@pytest.mark.parametrize("value", ["/nowhere/model", str(ROOT)])
def test_a_setting_that_is_no_model_ends_the_start_with_a_sentence(value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"], cwd=ROOT, capture_output=True,
        text=True, check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "SEMANTIC_MODEL": value},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("SEMANTIC_MODEL is set, but")
    assert value in done.stderr
    assert "Traceback" not in done.stderr
