from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.models import Incident
from kb.import_runner import KnowledgeImportReport, import_records
from kb.importers import registry
from kb.importers.base import CannotImport, ImportedIncident
from kb.models import ActionItem, Cause, CauseLink, Postmortem
from tests.conftest import data
from tests.sizes import examples

pytestmark = pytest.mark.django_db

MARKDOWN = """---
id: pm-1
title: Mail stood still
date: 2025-03-01
resolved_at: 2025-03-01T04:00:00Z
services: [mailer, queue]
categories: [expiry]
---
# Mail stood still

The certificate of the relay had expired.
"""
SAMPLES: dict[str, tuple[str, str]] = {
    "markdown": ("a.md", MARKDOWN),
    "csv": (
        "a.csv",
        "id,title,started_at,resolved_at,services,cause\n"
        "pm-1,Mail stood still,2025-03-01T00:00Z,2025-03-01T04:00Z,mailer,Expired certificate\n",
    ),
    "jira": (
        "a.csv",
        "Issue key,Summary,Created,Resolved,Component/s,Custom field (Root cause)\n"
        "OPS-1,Mail stood still,01/Mar/25 12:00 AM,01/Mar/25 4:00 AM,mailer,Expired certificate\n",
    ),
    "pagerduty": (
        "a.json",
        json.dumps({"incidents": [{
            "id": "PT4KHLK", "title": "Mail stood still", "status": "resolved", "urgency": "high",
            "created_at": "2025-03-01T00:00:00Z", "last_status_change_at": "2025-03-01T04:00:00Z",
            "service": {"summary": "mailer"}, "html_url": "https://x.pagerduty.com/incidents/PT",
            "acknowledgements": [{"at": "2025-03-01T00:10:00Z"}],
        }]}),
    ),
    "opsgenie": (
        "a.json",
        json.dumps({"data": [{
            "id": "70413a06", "message": "Mail stood still", "status": "closed", "priority": "P2",
            "createdAt": "2025-03-01T00:00:00Z", "updatedAt": "2025-03-01T04:00:00Z",
            "extraProperties": {"services": "mailer"},
        }]}),
    ),
    "statuspage": (
        "a.json",
        json.dumps({"incidents": [{
            "id": "abc", "name": "Mail stood still", "impact": "major", "status": "postmortem",
            "created_at": "2025-03-01T00:00:00Z", "resolved_at": "2025-03-01T04:00:00Z",
            "components": [{"name": "mailer"}], "postmortem_body": "The relay's certificate.",
            "incident_updates": [
                {"created_at": "2025-03-01T00:05:00Z", "status": "investigating", "body": "Looking"}
            ],
        }]}),
    ),
    "github": (
        "a.json",
        json.dumps([{
            "node_id": "I_1", "number": 4, "title": "Mail stood still", "body": "No mail.",
            "created_at": "2025-03-01T00:00:00Z", "closed_at": "2025-03-01T04:00:00Z",
            "labels": [{"name": "sev2"}, {"name": "service:mailer"},
                       {"name": "cause:Expired certificate"}],
            "html_url": "https://github.com/x/y/issues/4",
        }]),
    ),
    "oncall": (
        "a.json",
        json.dumps({"results": [{
            "id": "I68T24C13IFW1", "title": "Mail stood still", "state": "resolved",
            "created_at": "2025-03-01T00:00:00Z", "resolved_at": "2025-03-01T04:00:00Z",
            "labels": [{"key": {"name": "service_name"}, "value": {"name": "mailer"}}],
            "permalinks": {"web": "https://g.example.com/a"},
        }]}),
    ),
    "slack": (
        "2025-03-01.json",
        json.dumps([
            {"type": "message", "subtype": "channel_join", "user": "U1", "ts": "1740787190.000001"},
            {"type": "message", "user": "U1", "text": "Mail stood still\nService: mailer",
             "ts": "1740787200.000001", "thread_ts": "1740787200.000001",
             "user_profile": {"real_name": "Ada"}},
            {"type": "message", "user": "U2", "text": "<@U1> certificate renewed",
             "ts": "1740801600.000001", "thread_ts": "1740787200.000001"},
        ]),
    ),
    "dispatch": (
        "a.json",
        json.dumps({"items": [{
            "id": 9, "name": "dispatch-9", "title": "Mail stood still", "resolution": "Renewed it.",
            "reported_at": "2025-03-01T00:00:00Z", "stable_at": "2025-03-01T03:00:00Z",
            "closed_at": "2025-03-01T04:00:00Z",
            "tags": [{"name": "mailer", "tag_type": {"name": "service"}}, {"name": "on fire"}],
            "tasks": [{"description": "Watch the expiry", "status": "Resolved",
                       "owner": {"individual": {"name": "Sam"}}}],
        }]}),
    ),
    "json": (
        "a.json",
        json.dumps({"data": [{
            "id": "01FH", "attributes": {
                "title": "Mail stood still", "status": "resolved",
                "started_at": "2025-03-01T00:00:00Z", "resolved_at": "2025-03-01T04:00:00Z",
                "severity": {"data": {"attributes": {"name": "SEV2"}}},
                "services": {"data": [{"attributes": {"name": "mailer"}}]},
            },
        }]}),
    ),
    "rst": (
        "a.rst",
        "Mail stood still\n================\n\n:Date: 2025-03-01\n:Start: 00:00 UTC\n"
        ":End: 04:00 UTC\n:Services: mailer, queue\n\nRoot cause\n----------\n\n"
        "The certificate of the relay had expired.\n",
    ),
    "asciidoc": (
        "a.adoc",
        "= Mail stood still\n:toc:\n\nDate:: 2025-03-01\nStart:: 00:00 UTC\nEnd:: 04:00 UTC\n"
        "Services:: mailer, queue\n\n== Root cause\n\nThe certificate of the relay had expired.\n",
    ),
    "html": (
        "page.html",
        "<html><head><title>SPACE : Mail stood still</title></head><body><div id='main-content'>"
        "<h2>Summary</h2><p>On March 1, 2025 the relay's certificate expired."
        "<script>alert(1)</script></p></div></body></html>",
    ),
}  # fmt: skip


def run(kind: str, path: Path, dry_run: bool = False) -> KnowledgeImportReport:
    return import_records(registry()[kind]().read(path), kind, dry_run)


@pytest.fixture
def folder(tmp_path: Path, kind: str) -> Path:
    name, content = SAMPLES[kind]
    (tmp_path / name).write_text(content)
    return tmp_path if kind in ("markdown", "html", "rst", "asciidoc") else tmp_path / name


def test_every_importer_has_a_sample() -> None:
    assert set(SAMPLES) == set(registry())


@pytest.mark.parametrize("kind", SAMPLES)
def test_it_imports_the_incident_once_with_its_time_and_service(kind: str, folder: Path) -> None:
    assert len(run(kind, folder, dry_run=True).new) == 1
    assert not Incident.objects.exists()
    first, again = run(kind, folder), run(kind, folder)
    assert (len(first.new), first.skipped) == (1, [])
    assert (again.new, again.same) == ([], 1)
    incident = Incident.objects.get()
    assert incident.title == "Mail stood still"
    assert f"{incident.impact_started_at:%Y-%m-%d}" == "2025-03-01"
    if kind != "html":
        assert "mailer" in [service.name for service in incident.services.all()]
        assert incident.duration().total_seconds() == 4 * 3600


@pytest.mark.parametrize("kind", ["markdown", "statuspage", "html", "rst", "asciidoc"])
def test_a_text_becomes_a_published_postmortem(kind: str, folder: Path) -> None:
    run(kind, folder)
    postmortem = Postmortem.objects.get()
    assert postmortem.state == "published"
    assert "certificate" in postmortem.body
    assert "alert(1)" not in postmortem.body
    assert not postmortem.body.startswith("#  Mail")


@pytest.mark.parametrize("kind", ["csv", "jira", "github", "markdown"])
def test_it_imports_causes_as_suspected_and_recognises_categories(kind: str, folder: Path) -> None:
    run(kind, folder)
    link = CauseLink.objects.get()
    assert link.state == "suspected"
    if kind == "markdown":
        assert (link.cause.name, link.cause.category_id) == ("expiry", "expiry")
    else:
        assert link.cause.name == "Expired certificate"


def test_tasks_become_actions(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(SAMPLES["dispatch"][1])
    run("dispatch", tmp_path / "a.json")
    action = ActionItem.objects.get()
    assert (action.title, action.state, action.owner_named) == ("Watch the expiry", "done", "Sam")


def test_it_reports_a_symptom_and_creates_no_cause(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: T\ndate: 2025-01-01\ncauses: [high cpu]\n---\nText")
    report = run("markdown", tmp_path)
    assert len(report.new) == 1
    assert any("no cause made of 'high cpu'" in note for _, note in report.notes)
    assert not Cause.objects.exists()


def test_files_without_front_matter_find_title_and_date_in_the_text(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("# Queue stood still\n\nOn 3 May 2024 nothing moved.\n")
    (tmp_path / "2024-06-07-dns.md").write_text("Names did not resolve.")
    report = run("markdown", tmp_path)
    assert len(report.new) == 2
    found = dict(Incident.objects.values_list("title", "impact_started_at"))
    assert f"{found['Queue stood still']:%Y-%m-%d}" == "2024-05-03"
    assert f"{found['2024 06 07 dns']:%Y-%m-%d}" == "2024-06-07"
    guessed = [note for _, note in report.notes if "the first date in its text is used" in note]
    assert len(guessed) == 2


def test_it_reports_what_it_cannot_import_and_continues(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: [unclosed\n---\nText")
    (tmp_path / "b.md").write_text("---\ntitle: Empty\ndate: 2025-01-01\n---\n")
    (tmp_path / "c.md").write_text(MARKDOWN)
    (tmp_path / "d.md").write_text(MARKDOWN.replace("date: 2025-03-01", "date: soon"))
    report = run("markdown", tmp_path)
    assert len(report.new) == 1
    assert [place for place, _ in report.skipped] == ["a.md", "b.md", "d.md"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.md").write_text(MARKDOWN)
    (inside / "ours.md").write_text(MARKDOWN.replace("pm-1", "pm-2"))
    (inside / "link.md").symlink_to(outside / "secret.md")
    assert run("markdown", inside).total == 1


def test_the_command_reports_and_fails_if_nothing_was_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text(MARKDOWN)
    call_command("import_knowledge", "markdown", tmp_path)
    assert "1 records: 1 imported" in capsys.readouterr().out
    (tmp_path / "x.json").write_text("nonsense")
    for kind, path in (("statuspage", tmp_path / "x.json"), ("html", tmp_path)):
        with pytest.raises(CommandError):
            call_command("import_knowledge", kind, path)


@pytest.mark.parametrize("kind", [kind for kind, (name, _) in SAMPLES.items() if "json" in name])
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_odd_values_are_read_or_rejected_with_a_reason(
    kind: str, tmp_path: Path, draw: st.DataObject
) -> None:
    whole = json.loads(SAMPLES[kind][1])
    row = (whole if isinstance(whole, list) else next(iter(whole.values())))[0]
    key = draw.draw(st.sampled_from(sorted(row)))
    row[key] = draw.draw(
        st.one_of(st.none(), st.integers(), st.text(max_size=20), st.lists(st.integers()),
                  st.dictionaries(st.text(max_size=3), st.integers()), st.lists(st.none()))
    )  # fmt: skip
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(whole))
    try:
        for _, read in registry()[kind]().read(path):
            assert isinstance(read, (ImportedIncident, str))
    except CannotImport:
        pass


def test_242_real_postmortems_are_all_accounted_for(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in data("text/postmortems/docs.jsonl").open()]
    for row in rows:
        head = {
            "id": row["id"], "title": row["title"], "date": row.get("created"),
            "services": [row["service"]] if row.get("service") else [],
            "categories": row.get("causes") or [],
        }  # fmt: skip
        front = "\n".join(f"{key}: {json.dumps(value)}" for key, value in head.items() if value)
        (tmp_path / f"{row['id']}.md").write_text(f"---\n{front}\n---\n\n{row['body']}\n")
    report = run("markdown", tmp_path)
    assert report.total == len(rows) == 242
    assert len(report.new) == 242, report.skipped
    assert report.postmortems == 242
    dated = [row for row in rows if row.get("created")]
    found = {row.external_id: row for row in Incident.objects.prefetch_related("services")}
    assert all(
        found[row["id"]].impact_started_at == datetime.fromisoformat(row["created"])
        for row in dated
    )
    assert Cause.objects.exists()
    named = [row for row in rows if row.get("service")]
    assert all(found[row["id"]].services.exists() for row in named)
    again = run("markdown", tmp_path)
    assert (again.new, again.same) == ([], 242)
