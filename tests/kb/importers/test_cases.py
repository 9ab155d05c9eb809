"""Files as real exporters make them, through the command, on the page, in API and reports."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from incidents.models import Alert, Incident
from kb.models import ActionItem, CauseLink, Postmortem
from kb.reports.statistics import ReportFilter, filtered_incidents, time_figures

pytestmark = pytest.mark.django_db

CASES = Path(__file__).parents[2] / "cases"


def imported(kind: str, name: str, *options: str) -> dict[str, Incident]:
    call_command("import_knowledge", kind, CASES / name, *options)
    return {row.external_id: row for row in Incident.objects.filter(external_source=kind)}


def links(incident: Incident) -> list[tuple[str, str, str]]:
    rows = CauseLink.objects.filter(incident=incident).order_by("pk")
    return [(row.cause.name, row.role, row.state) for row in rows]


def test_every_file_is_imported_as_it_is_meant(
    capsys: pytest.CaptureFixture[str], web: Client, user: User
) -> None:
    def said() -> str:
        output = capsys.readouterr()
        return output.out + output.err

    page = imported("statuspage", "statuspage-newest-first.json")
    assert list(page) == ["a1"]
    assert page["a1"].symptom.startswith("Builds stay in preparing build node")
    updates = page["a1"].timeline.filter(kind="update").order_by("at")
    assert [f"{row.at:%H:%M}" for row in updates] == ["14:20", "15:42", "18:13"]
    assert links(page["a1"]) == [("A queue was full after the cloud outage", "root", "suspected")]
    assert "maintenance, no incident" in said()

    jira = imported("jira", "jira-repeated-columns.csv")
    assert len(jira) == 5
    assert {each.name for each in jira["OPS-2"].services.all()} == {"search", "web"}
    notes = jira["OPS-1"].timeline.filter(kind="update").values_list("text", flat=True)
    assert "rolled back" in " ".join(notes)
    assert "index added" in " ".join(notes)
    assert f"{jira['OPS-4'].impact_started_at:%Y-%m-%d %H:%M}" == "2026-07-14 10:00"
    assert f"{jira['OPS-5'].impact_started_at:%Y-%m-%d %H:%M}" == "2026-06-21 16:14"
    severities = [jira[f"OPS-{n}"].severity for n in range(1, 6)]
    assert severities == ["SEV1", "SEV2", "SEV4", "SEV4", "SEV3"]

    rows = imported("csv", "severities.csv")
    assert [rows[str(n)].severity for n in range(1, 13)] == (
        "SEV1 SEV1 SEV1 SEV1 SEV1 SEV1 SEV1 SEV2 SEV4 SEV4 SEV2 SEV1".split()
    )
    assert {each.status for each in rows.values()} == {"resolved"}
    assert "12 × no end is named: it is over and counts in no figure" in said()

    call_command("import_knowledge", "csv", CASES / "capital-heads.csv", "--source", "heads")
    assert "--dates month-first" in said()
    call_command("import_knowledge", "csv", CASES / "capital-heads.csv", "--source", "heads",
                 "--dates", "month-first")  # fmt: skip
    heads = {row.external_id: row for row in Incident.objects.filter(external_source="heads")}
    assert [each.severity for each in heads.values()] == ["SEV1", "SEV1"]
    assert f"{heads['8'].resolved_at:%Y-%m-%d %H:%M}" == "2026-07-02 11:00"
    call_command("import_knowledge", "csv", CASES / "pagerduty-ui.csv", "--source", "ui")
    row = Incident.objects.get(external_source="ui")
    assert (row.external_id, row.title, row.severity) == ("11", "Search latency", "SEV2")

    pager = imported("pagerduty", "pagerduty-incidents.json")
    assert list(pager) == ["PA1"]
    assert pager["PA1"].severity == "SEV3"
    alert = Alert.objects.get(incident=pager["PA1"])
    assert (alert.name, alert.status, alert.fingerprint) == (
        "Search latency again", "resolved", "PA2",
    )  # fmt: skip

    issues = imported("github", "gh.json")
    assert issues["I_1"].severity == "SEV1"
    assert [each.name for each in issues["I_1"].services.all()] == ["search"]
    assert links(issues["I_1"])[0][1:] == ("root", "suspected")

    texts = imported("markdown", "markdown")
    assert set(texts) == {"setext.md", "slash-date.md", "spoken-date.md", "sre-book.md", "toml.md"}
    output = said()
    for name in ("README.md", "template.md", "empty.md"):
        assert f"{name} not imported: it is" in output
    days = {name: f"{each.impact_started_at:%m-%d %H:%M}" for name, each in texts.items()}
    assert days == {
        "setext.md": "03-08 00:00", "slash-date.md": "03-06 00:00",
        "spoken-date.md": "03-05 00:00", "sre-book.md": "03-07 10:00", "toml.md": "03-05 10:00",
    }  # fmt: skip
    book = texts["sre-book.md"]
    assert (f"{book.resolved_at:%H:%M}", book.severity, book.guessed_times) == ("11:06", "SEV1", {})
    assert links(book) == [("Memory leak in the index server", "root", "suspected")]
    action = ActionItem.objects.get(postmortem__incidents=book)
    assert (action.title, action.owner_named) == ("Fix the leak", "ann")
    assert texts["toml.md"].severity == "SEV1"
    assert list(texts["toml.md"].guessed_times) == ["resolved_at"]
    assert texts["setext.md"].title == "Disk full on the log host"

    pages = imported("html", "confluence")
    checkout = pages["2026-03-01-Checkout-outage_12345.html"]
    assert f"{checkout.impact_started_at:%Y-%m-%d}" == "2026-03-01"
    assert set(checkout.guessed_times) == {"impact_started_at", "resolved_at"}
    assert checkout.status == "resolved"
    assert links(checkout)[0][0] == "The certificate ran out"
    assert Postmortem.objects.filter(incidents=checkout).exists()

    shown = web.get(checkout.get_absolute_url()).content.decode()
    assert "guessed: the first date in its text" in shown
    assert "guessed: the file names no end" in shown
    answer = web.get(f"/api/v1/incidents/{checkout.pk}/").json()
    assert set(answer["guessed_times"]) == {"impact_started_at", "resolved_at"}

    chosen = ReportFilter(date(2026, 3, 1), date(2026, 3, 31))
    figures, count, lost = time_figures(filtered_incidents(user, chosen))
    resolve = next(each for each in figures if each.short == "MTTR")
    assert (count, resolve.count, resolve.mean, lost) == (6, 1, 66.0, 66.0)


def test_an_empty_export_is_one_clear_sentence() -> None:
    for kind in ("statuspage", "pagerduty", "opsgenie", "json"):
        with pytest.raises(CommandError, match=r"empty\.json has no (entries|list)"):
            call_command("import_knowledge", kind, CASES / "empty.json")
    with pytest.raises(CommandError, match="has no entries"):
        call_command("import_incidents", CASES / "empty.json")


def test_the_zone_of_the_exporter_counts_where_a_time_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,title,created_at\n1,a,2026-07-01 10:00\n2,b,2026-07-01 10:00 UTC\n")
    call_command("import_knowledge", "csv", path, "--zone", "Europe/Berlin")
    hours = Incident.objects.order_by("external_id").values_list("impact_started_at__hour")
    assert [hour for (hour,) in hours] == [8, 10]
    with pytest.raises(CommandError, match="no time zone 'Mars'"):
        call_command("import_knowledge", "csv", path, "--zone", "Mars")
    with pytest.raises(CommandError, match="knows no field headline"):
        call_command("import_knowledge", "csv", path, "--map", "headline=title")
