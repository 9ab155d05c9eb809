"""The process's index and the database: files, other processes, damage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from analysis.models import Forgotten
from analysis.suggestions import live_index as module
from analysis.suggestions.documents import incident_document
from analysis.suggestions.engine import suggest_for_text
from analysis.suggestions.live_index import LiveIndex, index_file, write_file
from incidents.filing import file_incident
from incidents.models import Incident

pytestmark = pytest.mark.django_db

QUESTION = incident_document(title="quantum flapping")


@pytest.fixture(autouse=True)
def no_file() -> Iterator[None]:
    index_file().unlink(missing_ok=True)
    yield
    index_file().unlink(missing_ok=True)


def keys(one: LiveIndex) -> list[int]:
    return [hit.key for hit in one.search(QUESTION, 5)]


def test_two_processes_see_each_others_writes_and_deletions() -> None:
    here, there = LiveIndex(), LiveIndex()
    assert keys(here) == keys(there) == []
    incident = file_incident(title="Quantum flapping observed")
    assert keys(here) == keys(there) == [incident.pk]
    incident.delete()
    assert keys(here) == keys(there) == []


def test_a_process_starts_from_the_file_and_reads_only_what_came_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = file_incident(title="Quantum flapping observed")
    deleted = file_incident(title="Quantum flapping elsewhere")
    assert write_file(even_if_fresh=True)
    monkeypatch.setattr(module, "every_document", lambda: pytest.fail("read everything"))
    deleted.delete()
    new = file_incident(title="Quantum flapping again")
    assert set(keys(LiveIndex())) == {old.pk, new.pk}


def test_a_running_process_takes_up_a_newer_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_CHECK_INTERVAL", 0.0)
    one = LiveIndex()
    incident = file_incident(title="Quantum flapping observed")
    assert keys(one) == [incident.pk]
    write_file(even_if_fresh=True)
    assert keys(one) == [incident.pk]
    assert one._file_id is not None


@pytest.mark.parametrize("length", [0, 100, -20])
def test_a_torn_file_leads_to_a_rebuild_and_an_answer(length: int, user: User) -> None:
    incident = file_incident(title="Quantum flapping observed")
    write_file(even_if_fresh=True)
    index_file().write_bytes(index_file().read_bytes()[:length])
    assert suggest_for_text("quantum flapping", user).incidents[0].incident == incident
    assert write_file(), "the worker's task writes a good one in its place"
    assert not write_file(), "and then leaves it alone"


def test_a_file_of_another_database_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    file_incident(title="Quantum flapping observed")
    with monkeypatch.context() as other:
        other.setattr(module, "_database_id", lambda: "another")
        write_file(even_if_fresh=True)
    Incident.objects.all().delete()
    assert keys(LiveIndex()) == []


def test_a_file_older_than_what_is_known_of_deletions_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Workers were away for a week, or a folder came back from a backup."""
    deleted = file_incident(title="Quantum flapping observed")
    before = timezone.now() - timedelta(days=8)
    with monkeypatch.context() as then:
        then.setattr(module.timezone, "now", lambda: before)
        write_file(even_if_fresh=True)
    Incident.objects.filter(pk=deleted.pk).delete()
    Forgotten.objects.all().delete()
    assert keys(LiveIndex()) == []
    assert write_file(), "the worker's task writes a new one"
