"""The page that imports past incidents: a dry run of uploaded files, then one button."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from common import archives
from incidents.models import Incident, Service
from kb import uploaded_history
from kb.importers import registry
from kb.models import ActionItem, Cause, CauseLink, Postmortem
from people.membership import give_role
from people.models import Role
from tests.common.test_archives import packed
from tests.kb.importers.test_importers import SAMPLES

pytestmark = pytest.mark.django_db
PATH = "/knowledge/history/import/"
TABLE = (
    "id,title,started_at,resolved_at,services,cause\n"
    "1,Checkout slow,2026-01-02T10:00Z,2026-01-02T11:00Z,checkout,Pool too small\n"
    "2,Mail late,soon,,mailer,\n"
)


@pytest.fixture
def manager(client: Client, django_user_model: type[User]) -> Client:
    user = django_user_model.objects.create_user("mia", password="pass-for-tests")
    give_role(user, Role.MANAGER)
    client.force_login(user)
    return client


def preview(client: Client, kind: str, *files: tuple[str, str | bytes], **options: str) -> Any:
    sent = [
        SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)
        for name, text in files
    ]
    return client.post(PATH, {"kind": kind, "file": sent, **options})


def words(answer: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(text.replace("&#x27;", "'").replace("&quot;", '"').split())


def stored_in(answer: Any) -> str:
    found = re.search(r'name="stored" value="([\w-]+)"', answer.content.decode())
    assert found
    return found[1]


def test_a_dry_run_says_what_would_come_and_stores_nothing(manager: Client) -> None:
    answer = preview(manager, "csv", ("history.csv", TABLE))
    shown = words(answer)
    assert answer.status_code == 200
    assert "2 records: 1 would be imported, 0 known already, 1 skipped." in shown
    assert "First incidents Checkout slow" in shown
    assert "New services: checkout" in shown
    assert "New causes: Pool too small" in shown
    assert "history.csv, line 3: impact_started_at: 'soon' is not a time" in shown or (
        "history.csv, line 3: 'soon' is not a time" in shown
    )
    assert not Incident.objects.exists()
    assert not Service.objects.exists()
    assert not Cause.objects.exists()


def test_one_button_imports_the_same_files(manager: Client) -> None:
    key = stored_in(preview(manager, "csv", ("history.csv", TABLE), source="old tool"))
    done = manager.post(PATH, {"stored": key}, follow=True)
    assert done.redirect_chain[-1][0] == "/"
    assert "2 records: 1 imported, 0 known already, 1 skipped." in words(done)
    incident = Incident.objects.get()
    assert (incident.title, incident.external_source) == ("Checkout slow", "old tool")
    assert [link.cause.name for link in CauseLink.objects.all()] == ["Pool too small"]


def test_a_second_click_finds_the_files_taken_and_a_repeated_upload_adds_nothing(
    manager: Client,
) -> None:
    key = stored_in(preview(manager, "csv", ("history.csv", TABLE)))
    manager.post(PATH, {"stored": key})
    again = manager.post(PATH, {"stored": key}, follow=True)
    assert "These files are no longer here. Choose them again." in words(again)
    repeated = preview(manager, "csv", ("history.csv", TABLE))
    assert "0 would be imported, 1 known already" in words(repeated)
    assert "There is nothing new to import." in words(repeated)
    assert 'name="stored"' not in repeated.content.decode()
    assert Incident.objects.count() == 1


def test_the_page_and_the_command_know_the_same_records(manager: Client, tmp_path: Any) -> None:
    key = stored_in(preview(manager, "csv", ("history.csv", TABLE)))
    manager.post(PATH, {"stored": key})
    (tmp_path / "history.csv").write_text(TABLE)
    call_command("import_knowledge", "csv", tmp_path / "history.csv")
    assert Incident.objects.count() == 1


@pytest.mark.parametrize("kind", sorted(registry()))
def test_every_kind_of_the_command_comes_by_the_page(manager: Client, kind: str) -> None:
    assert f'<option value="{kind}">' in manager.get(PATH).content.decode()
    answer = preview(manager, kind, SAMPLES[kind])
    assert "1 would be imported" in words(answer), words(answer)
    manager.post(PATH, {"stored": stored_in(answer)})
    assert Incident.objects.get().external_source == kind


def test_a_folder_of_postmortems_comes_as_its_files(manager: Client) -> None:
    first = (
        "# Relay down\n\n**Date:** 2026-03-01\n\n## Root cause\n\nThe certificate expired.\n\n"
        "## Action items\n\n- Watch certificates\n"
    )
    answer = preview(
        manager, "markdown", ("relay.md", first), ("README.md", "# Postmortems\n\nOne a file.\n"),
        ("undated.md", "# Search was slow\n\nA shard was full.\n"), ("photo.png", b"\x89PNG"),
    )  # fmt: skip
    shown = words(answer)
    assert "1 would be imported" in shown
    assert "README.md: it is a README of the folder, no incident" in shown
    assert "undated.md: it names no day: write one into it" in shown
    assert "photo.png: nothing of the chosen kind was found in it" in shown
    manager.post(PATH, {"stored": stored_in(answer)})
    assert Postmortem.objects.get().title == "Relay down"
    assert ActionItem.objects.get().title == "Watch certificates"
    assert Incident.objects.get().external_id == "relay.md"


def test_a_folder_that_was_packed_comes_as_its_files(manager: Client, tmp_path: Path) -> None:
    report = "# Disk full\n\n**Date:** 2026-02-0{day}T10:00Z\n\n## Root cause\n\nOld logs\n"
    inner = packed({"Incidents/two.md": report.format(day=2)})
    export = packed({
        "wiki-main/README.md": "# Our wiki\n\nStart here.\n",
        "wiki-main/2026/one.md": report.format(day=1),
        "wiki-main/2026/graph.png": b"\x89PNG", "wiki-main/.git/HEAD": b"ref",
        "wiki-main/Part-1.zip": inner, "__MACOSX/wiki-main/._one.md": b"\0",
    })  # fmt: skip
    first = preview(manager, "markdown", ("export.zip", export))
    assert "3 records: 2 would be imported" in words(first)
    assert "skipped README.md: it is a README of the folder, no incident" in words(first)
    (tmp_path / "wiki.zip").write_bytes(export)
    call_command("import_knowledge", "markdown", str(tmp_path / "wiki.zip"))
    assert Incident.objects.filter(title="Disk full").count() == 2
    again = preview(manager, "markdown", ("export.zip", export))
    assert "2 known already" in words(again), "A branch's or commit's name is no part of an id."


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"../../etc/cron.d/x.md": b"# X"}, "'../../etc/cron.d/x.md' in it is no name of a file"),
        ({"/etc/x.md": b"# X"}, "is no name of a file"),
        ({"[Content_Types].xml": b"<x/>", "xl/sheet.xml": b""}, "it is a workbook: save it as CSV"),
        ({"a.png": b"\x89PNG"}, "no text file is in it"),
        ({"a.md": b"\0" * (archives.MAX_BYTES + 1)}, "unpacked it has more than 64 MB"),
        ({f"{n}.md": b"" for n in range(archives.MAX_MEMBERS + 1)}, "more than 2,000 files"),
    ],
)  # fmt: skip
def test_an_archive_that_is_no_folder_of_texts_is_refused_with_the_cure(
    manager: Client, members: dict[str, bytes], said: str
) -> None:
    answer = preview(manager, "markdown", ("export.zip", packed(members)))
    assert answer.status_code == 422
    assert "export.zip: " in words(answer)
    assert said in words(answer)


def test_a_damaged_archive_is_refused(manager: Client) -> None:
    whole = packed({"one.md": "# One\n" * 500})
    for damaged in (whole[:-30], whole[:60] + b"x" * 40 + whole[100:], b"PK\x03\x04"):
        answer = preview(manager, "markdown", ("export.zip", damaged))
        assert answer.status_code == 422
        assert "it is a damaged zip file: pack it anew" in words(answer)


def test_options_of_the_command_are_fields(manager: Client) -> None:
    table = "Nr;What;When\n1;Mail late;05/03/2026 10:00\n"
    refused = preview(manager, "csv", ("a.csv", table))
    assert refused.status_code == 422
    assert "Its heads are: Nr, What, When." in words(refused)
    mapping = "external_id=Nr\ntitle=What\nimpact_started_at=When"
    unclear = words(preview(manager, "csv", ("a.csv", table), mapping=mapping))
    assert "say which with --dates day-first" in unclear
    answer = preview(
        manager, "csv", ("a.csv", table),
        mapping=mapping, dates="day-first", zone="Europe/Berlin",
    )  # fmt: skip
    manager.post(PATH, {"stored": stored_in(answer)})
    assert Incident.objects.get().impact_started_at.isoformat() == "2026-03-05T09:00:00+00:00"


BROKEN: dict[str, tuple[str, list[tuple[str, str | bytes]], dict[str, str], str]] = {
    "no file": ("csv", [], {}, "This field is required."),
    "an empty file": ("csv", [("a.csv", "")], {}, "a.csv: "),
    "another kind": ("csv", [("a.csv", "[{}]")], {}, "It is JSON, no table."),
    "an unknown kind": ("xml", [("a.csv", TABLE)], {}, "xml is not one of the available choices"),
    "no JSON": ("pagerduty", [("a.json", "<html>")], {}, "a.json: "),
    "a workbook": ("csv", [("a.xlsx", b"PK\x03\x04rest")], {}, "save a workbook as CSV"),
    "a zip": ("html", [("a.zip", packed({"b.md": "", "c.md": ""}))], {}, "no .html file in these"),
    "twice": ("markdown", [("a.md", "x"), ("a.md", "y")], {}, "Two files are called a.md"),
    "a long name": ("markdown", [("ä" * 150 + ".md", "x")], {}, "up to 200 bytes"),
    "a zone": ("csv", [("a.csv", TABLE)], {"zone": "Mars"}, "There is no time zone 'Mars'"),
    "a field": ("csv", [("a.csv", TABLE)], {"mapping": "x=y"}, "knows no field x"),
    "an order": ("csv", [("a.csv", TABLE)], {"dates": "year"}, "Select a valid choice."),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_refused_in_words(manager: Client, name: str) -> None:
    kind, files, options, problem = BROKEN[name]
    answer = preview(manager, kind, *files, **options)
    assert answer.status_code == 422
    assert problem in words(answer), words(answer)
    assert "/tmp" not in words(answer)
    assert not Incident.objects.exists()


def test_large_uploads_are_refused_with_the_limit_and_the_cure(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploaded_history, "MAX_BYTES", 2**20)
    large = words(preview(manager, "csv", ("a.csv", TABLE + "x" * 2**20)))
    assert "Up to 1 MB at once, these have 1.0 MB: send them in parts, or use manage.py" in large
    rows = [{"id": n, "title": "a", "started_at": "2026-01-01"} for n in range(4)]
    monkeypatch.setattr(uploaded_history, "MAX_RECORDS", 3)
    many = words(preview(manager, "json", ("a.json", json.dumps(rows))))
    assert "Up to 3 records at once, these files have more" in many
    monkeypatch.setattr(uploaded_history, "MAX_FILES", 1)
    files = words(preview(manager, "markdown", ("a.md", "x"), ("b.md", "y")))
    assert "Up to 1 files at once, these are 2" in files


def test_waiting_files_are_encrypted_and_for_who_sent_them_alone(
    manager: Client, django_user_model: type[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Any] = []
    original = cache.set

    def spy(key: str, value: Any, timeout: int) -> None:
        written.append(value)
        original(key, value, timeout)

    monkeypatch.setattr(uploaded_history.cache, "set", spy)
    key = stored_in(preview(manager, "csv", ("history.csv", TABLE)))
    assert "Checkout" not in str(written)
    other = django_user_model.objects.create_user("max", password="pass-for-tests")
    give_role(other, Role.MANAGER)
    stranger = Client()
    stranger.force_login(other)
    assert "no longer here" in words(stranger.post(PATH, {"stored": key}, follow=True))
    assert not Incident.objects.exists()
    manager.post(PATH, {"stored": key})
    assert Incident.objects.count() == 1


def test_files_that_wait_while_the_secret_key_is_replaced_are_chosen_again(
    manager: Client, settings: Any
) -> None:
    key = stored_in(preview(manager, "csv", ("history.csv", TABLE)))
    taken = User.objects.get(username="mia").pk
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-this-test"
    assert uploaded_history.take_upload(key, taken) is None


@pytest.mark.parametrize("role", [None, Role.RESPONDER, Role.EDITOR], ids=str)
def test_nobody_below_a_manager_imports_or_sees_a_link(
    client: Client, django_user_model: type[User], role: Role | None
) -> None:
    person = django_user_model.objects.create_user("ann", password="pass-for-tests")
    if role:
        give_role(person, role)
    client.force_login(person)
    assert client.get(PATH).status_code == 403
    assert preview(client, "csv", ("history.csv", TABLE)).status_code == 403
    assert client.post(PATH, {"stored": "x"}).status_code == 403
    for path in ("/", "/analysis/first-hour/"):
        assert PATH not in client.get(path).content.decode()


def test_the_empty_list_and_the_first_hour_lead_to_it(manager: Client) -> None:
    for path in ("/", "/analysis/first-hour/"):
        assert f'href="{PATH}"' in manager.get(path).content.decode()
