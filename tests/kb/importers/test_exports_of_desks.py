"""Tables of service desks, pagers and spreadsheets, and feeds of status pages, in three languages.

The heads and keys are those of the tools; all values are invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from incidents.history_rows import options_from
from kb.importers import registry
from kb.importers.base import CannotImport, ImportedIncident


@dataclass(frozen=True)
class Row:
    shape: str
    content: str
    external_id: str
    start: str
    end: str
    services: list[str] = field(default_factory=list)
    kind: str = "csv"
    charset: str = "utf-8"
    mapping: dict[str, str] = field(default_factory=dict)
    guessed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.shape


ROWS = [
    Row(
        "ServiceNow in German",
        "Nummer;Kurzbeschreibung;Geöffnet;Gelöst;Priorität;Status;Konfigurationselement\n"
        "INC7;Suche träge;05.03.2026 10:04:00;05.03.2026 11:06:00;2 - Hoch;Geschlossen;suche\n",
        "INC7", "03-05 10:04", "03-05 11:06", ["suche"], charset="cp1252",
    ),
    Row(
        "ServiceNow in French",
        "Numéro;Brève description;Ouvert;Résolu;Priorité;État;Élément de configuration\n"
        "INC7;Suche träge;25/03/2026 10:04;25/03/2026 11:06;2 - Élevée;Fermé;recherche\n",
        "INC7", "03-25 10:04", "03-25 11:06", ["recherche"], charset="cp1252",
    ),
    Row(
        "PagerDuty's report, with how many seconds it took",
        "id,incident_number,description,service_name,created_on,seconds_to_first_ack,"
        "seconds_to_resolve,urgency\n"
        "Q1,7,Suche träge,search,2026-03-05T02:04:00-08:00,60,3720,high\n",
        "Q1", "03-05 10:04", "03-05 11:06", ["search"],
    ),
    Row(
        "Zendesk, whose resolution time is a length",
        '"Id","Subject","Status","Priority","Ticket type","Created at","Solved at",'
        '"Resolution time"\n"7","Suche träge","Solved","Urgent","Incident","2026-03-05 10:04",'
        '"2026-03-05 11:06","1.03"\n',
        "7", "03-05 10:04", "03-05 11:06",
    ),
    Row(
        "a length alone where a time is meant",
        "Id,Subject,Created at,Resolution time\n7,Suche träge,2026-03-05 10:04,\n",
        "7", "03-05 10:04", "",
    ),
    Row(
        "Freshservice",
        "Ticket ID,Subject,Status,Priority,Created time,Due by Time,Resolved time,Closed time\n"
        "INC-7,Suche träge,Closed,High,2026-03-05 10:04:00,2026-03-06 10:00:00,"
        "2026-03-05 11:06:00,2026-03-07 11:06:00\n",
        "INC-7", "03-05 10:04", "03-05 11:06",
    ),
    Row(
        "OTRS and Znuny, whose number is that of the line",
        '"Number";"TicketNumber";"Age";"Created";"Close Time";"Queue";"State";"Title";"Service"\n'
        '"1";"2026030510000017";"3 d";"2026-03-05 10:04:11";"2026-03-05 11:06:00";"Ops";'
        '"closed successful";"Suche träge";"search"\n',
        "2026030510000017", "03-05 10:04", "03-05 11:06", ["search"],
    ),
    Row(
        "OTRS in German",
        "Nummer;Ticket#;Alter;Erstellt;Schließzeit;Queue;Status;Titel;Service\n1;20260305100;3 d;"
        "05.03.2026 10:04;05.03.2026 11:06;Ops;erfolgreich geschlossen;Suche träge;search\n",
        "20260305100", "03-05 10:04", "03-05 11:06", ["search"], charset="cp1252",
    ),
    Row(
        "a spreadsheet with day, clock and length apart",
        "Datum;Uhrzeit;Dauer;Betroffener Dienst;Titel\n"
        "05.03.2026;10:04;1 h 2 min;search;Suche träge\n",
        "Suche träge", "03-05 10:04", "03-05 11:06", ["search"], charset="cp1252",
        mapping={"external_id": "Titel"},
    ),
    Row(
        "a spreadsheet with a day and two clocks",
        "Nr;Datum;Beginn;Ende;Titel\n7;05.03.2026;10:04;11:06;Suche träge\n",
        "7", "03-05 10:04", "03-05 11:06",
    ),
    Row(
        "the same in French",
        "N°,Date,Heure de début,Heure de fin,Titre\n7,25/03/2026,10h04,11h06,Suche träge\n",
        "7", "03-25 10:04", "03-25 11:06", charset="cp1252", mapping={"external_id": "N°"},
    ),
    Row(
        "a day and a length in minutes",
        "id,title,date,duration_minutes\n7,Suche träge,2026-03-05,62\n",
        "7", "03-05 00:00", "03-05 01:02", guessed=["impact_started_at", "resolved_at"],
    ),
    Row(
        "Instatus, with names by language",
        '[{"id":"7","name":{"default":"Suche träge","de":"x"},"status":"RESOLVED","started":'
        '"2026-03-05T10:04:00Z","resolved":"2026-03-05T11:06:00Z","components":[{"name":"api"}]}]',
        "7", "03-05 10:04", "03-05 11:06", ["api"], "statuspage",
    ),
    Row(
        "Cachet 3, with times in words beside them",
        '{"data":[{"id":"7","type":"incidents","attributes":{"name":"Suche träge","status":'
        '{"human":"Fixed","value":4},"occurred":{"human":"1 day","string":"2026-03-05T10:04:00Z"},'
        '"created":{"human":"1 day","string":"2026-03-06T10:04:00Z"}}}]}',
        "7", "03-05 10:04", "", kind="statuspage",
    ),
    Row(
        "cState's list of issues",
        '{"cStateVersion":"5","issues":[{"is":"issue","title":"Suche träge",'
        '"createdAt":"2026-03-05 10:04:00 +0000 UTC","resolvedAt":"2026-03-05 11:06:00 +0000 UTC",'
        '"permalink":"https://s/7",'
        '"resolved":true,"informational":false,"severity":"disrupted","affected":["api"]}]}',
        "https://s/7", "03-05 10:04", "03-05 11:06", kind="statuspage",
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_export_gives_id_name_times_and_services(row: Row, tmp_path: Path) -> None:
    path = tmp_path / ("export.csv" if row.kind == "csv" else "export.json")
    path.write_bytes(row.content.encode(row.charset))
    [(_, record)] = registry()[row.kind](options=options_from(row.mapping)).read(path)
    assert isinstance(record, ImportedIncident), record
    assert (record.external_id, record.title) == (row.external_id, "Suche träge")
    assert f"{record.impact_started_at:%m-%d %H:%M}" == row.start
    assert (f"{record.resolved_at:%m-%d %H:%M}" if record.resolved_at else "") == row.end
    assert record.services == row.services
    assert list(record.guessed_times) == row.guessed


def test_a_length_where_a_time_is_needed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("id,title,created_at,resolution time\n7,x,2026-03-05,90.5\n8,y,90.5,\n")
    (_, passed_over), (_, refused) = registry()["csv"]().read(path)
    assert isinstance(passed_over, str)
    assert "'90.5'" in passed_over
    assert isinstance(refused, str)


def test_posts_of_a_status_page_that_are_no_incident_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "index.json"
    path.write_text(
        '{"issues":[{"title":"Holidays","createdAt":"2026-03-05 10:04:00 +0000 UTC",'
        '"permalink":"https://s/8","informational":true}]}'
    )
    assert [why for _, why in registry()["statuspage"]().read(path)] == [
        "it is a maintenance, no incident"
    ]


def test_a_feed_is_refused_with_what_to_save(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text('<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"></feed>')
    with pytest.raises(CannotImport, match=r"It is not JSON but a page or a feed: save .*\.json"):
        list(registry()["statuspage"]().read(path))
