"""Tables and JSON as trackers, pagers, incident tools, status pages and spreadsheets export them.

The heads and keys are those of the tools' exports; all values are invented.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.history_rows import is_over, options_from
from incidents.severities import severity_named
from kb.importers import registry
from kb.importers.base import CannotImport, ImportedIncident
from tests.sizes import examples


@dataclass(frozen=True)
class Export:
    kind: str
    content: str | bytes
    external_id: str
    title: str
    start: str
    end: str = ""
    severity: str = ""
    services: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    """Further attributes of the record."""
    zone: str = ""
    order: str = ""
    mapping: dict[str, str] = field(default_factory=dict)


SERVER_JIRA = (
    "Project,Key,Summary,Issue Type,Status,Priority,Resolution,Assignee,Reporter,Created,Updated,"
    "Resolved,Affects Version/s,Component/s,Component/s,Labels,Labels,Description,Comment\n"
    "Operations,OPS-71,Search slow,Incident,Closed,Blocker,Fixed,ann,bob,05/Mar/26 10:04 AM,"
    "05/Mar/26 11:10 AM,05/Mar/26 11:06 AM,,search,index,api,ui,"
    '"h2. Summary\nSearch took 9 s\nh2. Root cause\nThe disk of the index was full.",'
    '"05/Mar/26 10:30 AM;ann;moved the index"\n'
)
GERMAN_JIRA = (
    "Zusammenfassung;Vorgangsschlüssel;Vorgangs-ID;Vorgangstyp;Status;Projektschlüssel;Priorität;"
    "Lösung;Bearbeiter;Erstellt;Aktualisiert;Erledigt;Komponenten;Komponenten;Stichwörter;"
    "Beschreibung;Kommentar\n"
    "Suche langsam;BTR-9;10311;Störung;Fertig;BTR;Hoch;Fertig;anna;05.03.2026 11:04;"
    "05.03.2026 12:30;05.03.2026 12:06;Suche;Index;api;Die Suche dauerte 9 s.;"
    '"05.03.2026 11:30;anna;Index verschoben"\n'
)
SERVICENOW = (
    '"number","short_description","description","state","priority","severity","urgency",'
    '"business_service","cmdb_ci","opened_at","resolved_at","close_code","close_notes"\n'
    '"INC0010042","Search slow","Answers took 9 s","Closed","1 - Critical","","1 - High","search",'
    '"idx-01","2026-03-05 10:04:00","2026-03-05 11:06:00","Solved","Moved the index"\n'
)
SERVICENOW_PAGE = (
    "Number\tOpened\tShort description\tPriority\tState\tConfiguration item\tResolved\n"
    "INC0010043\t03/05/2026 10:04:00 AM\tSearch slow\t2 - High\tResolved\tsearch\t"
    "03/05/2026 11:06:00 AM\n"
    "INC0010044\t02/28/2026 10:04:00 AM\tSearch slow again\t4 - Low\tNew\tsearch\t\n"
)
FIREHYDRANT = (
    "ID,Name,Summary,Customer Impact Summary,Severity,Priority,Current Milestone,Created At,"
    "Started At,Detected At,Acknowledged At,Mitigated At,Resolved At,Impacted Services,Tags\n"
    "9f-1,Search slow,Index full,Answers took 9 s,SEV2,P2,resolved,2026-03-05T10:06:00Z,"
    "2026-03-05T10:04:00Z,2026-03-05T10:05:00Z,2026-03-05T10:07:00Z,2026-03-05T10:50:00Z,"
    '2026-03-05T11:06:00Z,"search, index","q1"\n'
)
INCIDENT_IO = (
    "ID,Name,Summary,Status,Severity,Incident Type,Reported at,Declared at,Resolved at,Closed at,"
    "Affected services,Permalink\n"
    "INC-12,Search slow,Answers took 9 s,Closed,Major,Production,2026-03-05 10:04,"
    "2026-03-05 10:05,2026-03-05 11:06,2026-03-06 09:00,search,https://app.example.com/inc/12\n"
)
ROOTLY = (
    "id,title,summary,status,severity,services,functionalities,environments,started_at,"
    "detected_at,acknowledged_at,mitigated_at,resolved_at,url\n"
    'r-1,Search slow,Answers took 9 s,resolved,SEV1,"search",,production,'
    "2026-03-05 10:04:00 UTC,2026-03-05 10:05:00 UTC,2026-03-05 10:06:00 UTC,"
    "2026-03-05 10:50:00 UTC,2026-03-05 11:06:00 UTC,https://r.example.com/1\n"
)
BLAMELESS = (
    "Incident ID,Title,Severity,Status,Incident Type,Created,Resolved,Time to Resolve (min),Tags\n"
    'BL-5,Search slow,SEV-2,Resolved,Production,"Mar 5, 2026, 10:04 AM","Mar 5, 2026, 11:06 AM",62,'
    "search\n"
)
OPSGENIE = (
    "Id,Tiny Id,Alias,Message,Description,Priority,Status,Acknowledged,Owner,Teams,Tags,Entity,"
    "Source,Count,Created At,Updated At\n"
    "70-a,1791,search-p95,Search slow,Answers took 9 s,P1,closed,true,ann,ops,prod,,cloudwatch,3,"
    "1772705040000,1772708760000\n"
)
GITLAB = (
    "Title,Description,Issue ID,URL,State,Author,Assignee,Confidential,Locked,Due Date,"
    "Created At (UTC),Updated At (UTC),Closed At (UTC),Milestone,Weight,Labels,Time Estimate\n"
    'Search slow,"## Summary\n\nAnswers took 9 s\n\n## Root Cause\n\nThe index was full",12,'
    "https://gitlab.example.com/o/r/-/issues/12,Closed,ann,bob,No,No,,2026-03-05 10:04:00,"
    '2026-03-05 11:10:00,2026-03-05 11:06:00,,,"incident,severity::2",0\n'
)
ZENDESK = (
    "ID,Subject,Description,Status,Priority,Group,Requester,Created at,Updated at,Solved at,Tags\n"
    "4711,Search slow,Answers took 9 s,Solved,Urgent,Ops,ann,2026-03-05 10:04,2026-03-05 11:07,"
    "2026-03-05 11:06,search web\n"
)
EXCEL_GERMAN = (
    "sep=;\r\nNr.;Titel;Schweregrad;Beginn;Ende;Betroffene Dienste;Beschreibung\r\n"
    "7;Zahlungen gestört;Kritisch;05.03.2026 11:04;05.03.2026 12:06;Zahlung;Zahlungen hängen\r\n"
    ";;;;;;\r\n"
)
EXCEL_FRENCH = (
    "Numéro;Titre;Gravité;Début;Fin;Services concernés\n"
    "8;Paiement arrêté;Critique;5 mars 2026 11:04;5 mars 2026 12:06;paiement\n"
)
PAGERDUTY_ANALYTICS = (
    "id,incident_number,description,service_id,service_name,escalation_policy_name,created_on,"
    "resolved_on,seconds_to_first_ack,seconds_to_resolve,auto_resolved,urgency,priority\n"
    "PQ1,88,Search slow,PS1,search,Ops,2026-03-05T05:04:00-0500,2026-03-05T06:06:00-0500,60,3720,"
    "false,high,\n"
)
REPORT_ABOVE = (
    "Incidents of March\n\nIncident Number,Summary,Severity Level,Start Time (UTC),End Time (UTC)\n"
    "3,Search slow,Sev 2,03/05/2026 10:04,03/05/2026 11:06\n"
    "4,Search slow again,Sev 3,03/15/2026 10:04,03/15/2026 11:06\n"
)
UNKNOWN_HEADS = "Nr,Was,Wann\n5,Search slow,2026-03-05 10:04\n"

TABLES = [
    pytest.param(Export("jira", SERVER_JIRA, "OPS-71", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV1", ["search", "index"],
        {"updates": ["moved the index"], "found_causes": ["The disk of the index was full"],
         "mentions": ["api", "ui"]}), id="jira-server"),
    pytest.param(Export("jira", GERMAN_JIRA, "BTR-9", "Suche langsam", "03-05 10:04",
        "03-05 11:06", "SEV2", ["Suche", "Index"], {"updates": ["Index verschoben"]},
        zone="Europe/Berlin"), id="jira-german"),
    pytest.param(Export("csv", SERVICENOW, "INC0010042", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV1", ["search"], {"resolution": "Moved the index"}), id="servicenow"),
    pytest.param(Export("csv", SERVICENOW_PAGE, "INC0010043", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV2", ["search"]), id="servicenow-page-with-tabs"),
    pytest.param(Export("csv", FIREHYDRANT, "9f-1", "Search slow", "03-05 10:04", "03-05 11:06",
        "SEV2", ["search", "index"], {"symptom": "Answers took 9 s"}), id="firehydrant"),
    pytest.param(Export("csv", INCIDENT_IO, "INC-12", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV2", ["search"]), id="incident-io"),
    pytest.param(Export("csv", ROOTLY, "r-1", "Search slow", "03-05 10:04", "03-05 11:06",
        "SEV1", ["search"]), id="rootly"),
    pytest.param(Export("csv", BLAMELESS, "BL-5", "Search slow", "03-05 10:04", "03-05 11:06",
        "SEV2"), id="blameless"),
    pytest.param(Export("csv", OPSGENIE, "70-a", "Search slow", "03-05 10:04", "", "SEV1",
        more={"is_over": True}), id="opsgenie-milliseconds"),
    pytest.param(Export("csv", GITLAB, "12", "Search slow", "03-05 10:04", "03-05 11:06",
        "SEV2", more={"found_causes": ["The index was full"]}), id="gitlab-issues"),
    pytest.param(Export("csv", ZENDESK, "4711", "Search slow", "03-05 10:04", "03-05 11:06",
        "SEV1"), id="zendesk"),
    pytest.param(Export("csv", EXCEL_GERMAN.encode("cp1252"), "7", "Zahlungen gestört",
        "03-05 10:04", "03-05 11:06", "SEV1", ["Zahlung"], {"symptom": "Zahlungen hängen"},
        zone="Europe/Berlin"), id="excel-german-windows"),
    pytest.param(Export("csv", EXCEL_FRENCH.encode("utf-16"), "8", "Paiement arrêté",
        "03-05 10:04", "03-05 11:06", "SEV1", ["paiement"], zone="CET"), id="excel-french-utf-16"),
    pytest.param(Export("csv", PAGERDUTY_ANALYTICS, "PQ1", "Search slow", "03-05 10:04",
        "03-05 11:06", "", ["search"]), id="pagerduty-urgency-is-no-severity"),
    pytest.param(Export("csv", "\ufeff" + REPORT_ABOVE, "3", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV2"), id="a-title-above-and-one-date-decides"),
    pytest.param(Export("csv", REPORT_ABOVE.split("\n4,")[0], "3", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV2", order="month-first"), id="the-stated-order"),
    pytest.param(Export("csv", UNKNOWN_HEADS, "5", "Search slow", "03-05 10:04",
        mapping={"title": "was", "impact_started_at": "Wann"}), id="mapped-heads"),
]  # fmt: skip


def json_of(value: Any) -> str:
    return json.dumps(value)


INSTATUS = json_of([{
    "id": "cl1", "name": "Search slow", "started": "2026-03-05T10:04:00.000Z",
    "resolved": "2026-03-05T11:06:00.000Z", "status": "RESOLVED", "impact": "MAJOROUTAGE",
    "components": [{"id": "c1", "name": "search"}],
    "updates": [{"status": "RESOLVED", "message": "Over.", "started": "2026-03-05T11:06:00.000Z"},
                {"status": "INVESTIGATING", "message": "Answers take 9 s.",
                 "started": "2026-03-05T10:06:00.000Z"}],
}])  # fmt: skip
CACHET = json_of({"meta": {}, "data": [
    {"id": 5, "name": "Search slow", "message": "Answers take 9 s.", "status": 4,
     "human_status": "Fixed", "occurred_at": "2026-03-05 10:04:00",
     "updates": [{"id": 1, "status": 4, "human_status": "Fixed", "message": "Over.",
                  "created_at": "2026-03-05 11:06:00"}]},
    {"id": 6, "name": "New disks", "message": "We add disks.", "status": 0,
     "human_status": "Scheduled", "scheduled_at": "2026-03-09 10:00:00"},
]})  # fmt: skip
HISTORY_PAGE = json_of({"page": {"id": "p"}, "incidents": [{
    "id": "a9", "name": "Search slow", "status": "resolved", "impact": "critical",
    "created_at": "2026-03-05T10:04:00Z", "resolved_at": None,
    "incident_updates": [
        {"status": "resolved", "body": "Over.", "display_at": "2026-03-05T11:06:00Z",
         "created_at": "2026-03-05T12:00:00Z"},
        {"status": "investigating", "body": "Answers take 9 s.",
         "display_at": "2026-03-05T10:04:00Z", "created_at": "2026-03-05T10:08:00Z"}],
}]})  # fmt: skip
PAGINATED = (
    json_of([{"node_id": "I_9", "number": 9, "title": "Search slow", "state": "closed",
              "body": "### Contributing factors\n- no alert on the disk\n", "html_url": "https://g/9",
              "created_at": "2026-03-05T10:04:00Z", "closed_at": "2026-03-05T11:06:00Z",
              "labels": [{"name": "SEV-2"}, {"name": "Affects: search"}]}])
    + json_of([{"node_id": "I_8", "number": 8, "title": "Other", "pull_request": {"url": "x"}}])
)  # fmt: skip
PAGERDUTY_CHAIN = json_of({"incidents": [
    {"id": "P3", "title": "third", "created_at": "2026-03-05T10:06:00Z", "status": "resolved",
     "resolve_reason": {"type": "merge_resolve_reason", "incident": {"id": "P2"}}},
    {"id": "P2", "title": "second", "created_at": "2026-03-05T10:05:00Z", "status": "resolved",
     "resolve_reason": {"type": "merge_resolve_reason", "incident": {"id": "P1"}}},
    {"id": "P1", "title": "Search slow", "created_at": "2026-03-05T10:04:00Z",
     "status": "resolved", "last_status_change_at": "2026-03-05T11:06:00Z", "urgency": "high",
     "priority": {"name": "P2", "summary": "P2"}, "service": {"summary": "search"}},
    {"id": "P9", "title": "elsewhere", "created_at": "2026-03-05T10:06:00Z", "status": "resolved",
     "resolve_reason": {"type": "merge_resolve_reason", "incident": {"id": "P0"}}},
]})  # fmt: skip
INCIDENT_IO_API = json_of({"incidents": [{
    "id": "01", "reference": "INC-7", "name": "Search slow", "summary": "Answers took 9 s",
    "severity": {"id": "s", "name": "Major", "rank": 2},
    "incident_status": {"name": "Closed", "category": "closed"},
    "created_at": "2026-03-05T10:04:00Z", "permalink": "https://app.example.com/7",
}]})  # fmt: skip
SERVICENOW_API = json_of({"result": [{
    "sys_id": "9d", "number": "INC001", "short_description": "Search slow", "state": "Resolved",
    "priority": "1 - Critical", "opened_at": "2026-03-05 10:04:00",
    "resolved_at": "2026-03-05 11:06:00",
    "business_service": {"display_value": "x", "value": "search"},
}]})  # fmt: skip
BETTER_STACK = json_of({"data": [{"id": "77", "type": "incident", "attributes": {
    "name": "Search slow", "cause": "Timeout", "status": "Resolved", "url": "https://s.example.com",
    "started_at": "2026-03-05T10:04:00Z", "acknowledged_at": None,
    "resolved_at": "2026-03-05T11:06:00Z"}}]})  # fmt: skip
JSON_LINES = (
    '{"id": "1", "title": "Search slow", "startedAt": "2026-03-05T10:04:00Z", "resolvedAt": '
    '"2026-03-05T11:06:00Z", "affectedServices": ["search"], "severity": "Sev2"}\n{"id": "2", "ti\n'
)
OPSGENIE_CLOSED = json_of({"data": [{
    "id": "70", "message": "Search slow", "status": "closed", "priority": "P1", "tags": ["search"],
    "createdAt": "2026-03-05T10:04:00Z", "updatedAt": "2026-03-07T09:00:00Z",
}]})  # fmt: skip
DISPATCH_TAGS = json_of({"items": [{
    "name": "dispatch-1", "title": "Search slow", "status": "Closed",
    "reported_at": "2026-03-05T10:04:00Z", "closed_at": "2026-03-05T11:06:00Z",
    "incident_severity": {"name": "High"},
    "tags": [{"name": "search", "tag_type": {"name": "Application"}},
             {"name": "q1-review", "tag_type": {"name": "Report"}}, {"name": "loose"}],
}]})  # fmt: skip
EXPORTS_AS_JSON = [
    pytest.param(Export("statuspage", INSTATUS, "cl1", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV1", ["search"], {"symptom": "Answers take 9 s."}), id="instatus"),
    pytest.param(Export("statuspage", CACHET, "5", "Search slow", "03-05 10:04", "03-05 11:06",
        "", more={"symptom": "Answers take 9 s."}), id="cachet-and-maintenance"),
    pytest.param(Export("statuspage", HISTORY_PAGE, "a9", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV1", more={"symptom": "Answers take 9 s."}), id="end-of-last-update"),
    pytest.param(Export("github", PAGINATED, "I_9", "Search slow", "03-05 10:04", "03-05 11:06",
        "SEV2", ["search"], {"found_causes": ["no alert on the disk"]}), id="gh-api-paginate"),
    pytest.param(Export("pagerduty", PAGERDUTY_CHAIN, "P1", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV2", ["search"], {"merged": ["third", "second"]}), id="merged-twice"),
    pytest.param(Export("json", INCIDENT_IO_API, "01", "Search slow", "03-05 10:04", "", "SEV2",
        more={"is_over": True, "symptom": "Answers took 9 s"}), id="incident-io-api"),
    pytest.param(Export("json", SERVICENOW_API, "INC001", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV1", ["search"]), id="servicenow-api"),
    pytest.param(Export("json", BETTER_STACK, "77", "Search slow", "03-05 10:04",
        "03-05 11:06"), id="better-stack"),
    pytest.param(Export("json", JSON_LINES, "1", "Search slow", "03-05 10:04", "03-05 11:06",
        "SEV2", ["search"]), id="json-lines-with-a-broken-one"),
    pytest.param(Export("opsgenie", OPSGENIE_CLOSED, "70", "Search slow", "03-05 10:04",
        "03-07 09:00", "SEV1", more={"guessed_times": ["resolved_at"], "mentions": ["search"]}),
        id="opsgenie-closed-at-its-last-change"),
    pytest.param(Export("dispatch", DISPATCH_TAGS, "dispatch-1", "Search slow", "03-05 10:04",
        "03-05 11:06", "SEV2", ["search"]), id="tags-that-are-no-services"),
]  # fmt: skip


def read(export: Export, folder: Path) -> list[ImportedIncident | str]:
    path = folder / ("export.csv" if export.kind in ("csv", "jira") else "export.json")
    content = export.content
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    options = options_from(export.mapping, export.zone, export.order)
    if export.kind == "csv" and "external_id" not in export.mapping and "Nr," in str(content):
        options = options_from({**export.mapping, "external_id": "Nr"})
    return [record for _, record in registry()[export.kind](options=options).read(path)]


def plain(value: Any) -> Any:
    """What a table can hold of a value: names of causes, texts of updates, titles of alerts."""
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list):
        return [
            each[2] if isinstance(each, tuple)
            else each if isinstance(each, str)
            else getattr(each, "title", None) or each.name
            for each in value
        ]  # fmt: skip
    return value


@pytest.mark.parametrize("export", TABLES + EXPORTS_AS_JSON)
def test_an_export_is_read_with_its_times_severity_and_services(
    export: Export, tmp_path: Path
) -> None:
    records = [each for each in read(export, tmp_path) if isinstance(each, ImportedIncident)]
    record = records[0]
    assert (record.external_id, record.title) == (export.external_id, export.title)
    assert record.impact_started_at is not None
    assert f"{record.impact_started_at:%Y-%m-%d %H:%M}" == f"2026-{export.start}"
    end = f"{record.resolved_at:%Y-%m-%d %H:%M}" if record.resolved_at else ""
    assert end == (f"2026-{export.end}" if export.end else "")
    assert (severity_named(record.severity) if record.severity else "") == export.severity
    assert record.services == export.services
    for name, value in export.more.items():
        found = is_over(record) if name == "is_over" else plain(getattr(record, name))
        assert found == value, name


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("csv", "Nr,Was,Wann\n1,x,2026-03-05\n", "Its heads are: Nr, Was, Wann. Use --map"),
        ("csv", "id,title\n1,x\n", "--map impact_started_at=COLUMN"),
        ("csv", "id,title,created_at\n", "heads but no rows"),
        ("csv", "", "empty"),
        ("csv", '{"incidents":[]}', "It is JSON, no table"),
        ("jira", "Key,Created\nOPS-1,x\n", "No column is known as title"),
        ("statuspage", '{"incidents":[]}', "has no entries"),
        ("github", "[]", "has no entries"),
        ("pagerduty", "<html>", "is not JSON"),
        ("opsgenie", '{"took": 1}', "has no list called data or incidents"),
    ],
)
def test_a_file_with_nothing_to_import_is_one_clear_sentence(
    kind: str, content: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(CannotImport) as refused:
        read(Export(kind, content, "", "", ""), tmp_path)
    assert said in str(refused.value)


def test_a_wrong_mapping_names_the_heads_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title,created_at\n1,x,2026-03-05\n")
    importer = registry()["csv"]({"title": "Headline"})
    with pytest.raises(CannotImport, match="no column Headline"):
        list(importer.read(tmp_path / "a.csv"))


def test_of_several_tables_a_broken_one_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Was,Wann\nx,y\n")
    (tmp_path / "b.csv").write_text("id,title,created_at\n1,x,2026-03-05 10:00\n")
    found = dict(registry()["csv"]().read(tmp_path))
    assert "Its heads are: Was, Wann" in str(found["a.csv"])
    assert isinstance(found["b.csv, line 2"], ImportedIncident)


@pytest.mark.parametrize("kind", sorted(registry()))
@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=300).map(str.encode)
    | st.text("#-=|*:\n [](){}\"',;0123456789/aRoct", max_size=300).map(str.encode)
)
def test_no_file_raises_anything_but_the_importers_own_error(
    kind: str, content: bytes, tmp_path: Path
) -> None:
    suffix = {"csv": ".csv", "jira": ".csv", "markdown": ".md", "html": ".html"}
    path = tmp_path / f"odd{suffix.get(kind, '.json')}"
    head = b"id,title,created_at,severity,updates\n" if suffix.get(kind) == ".csv" else b""
    for written in (content, head + content, b"---\n" + content + b"\n---\ntext"):
        path.write_bytes(written)
        try:
            for _, record in registry()[kind]().read(path):
                assert isinstance(record, ImportedIncident | str)
        except CannotImport:
            continue
