from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from analysis.core.log_templates import mask, template_id
from analysis.models import Fingerprint
from analysis.search import is_pasted, search_everything
from incidents.filing import add_note, file_incident
from incidents.models import Change, Incident, Service
from incidents.search import filters
from incidents.search.filters import search_incidents
from incidents.search.query_language import parse_query
from kb.causes.linking import name_cause
from kb.postmortems.editing import publish, start_postmortem

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(database: Service, user: User) -> dict[str, Incident]:
    expired = file_incident(
        title="Handshake failures at the gateway", severity="SEV1", services=[database],
        impact_started_at="2026-01-15T10:00Z", reporter=user,
    )  # fmt: skip
    name_cause(expired, "Relay certificate expired", category="expiry")
    late = file_incident(title="Mails are late", impact_started_at="2026-03-01T00:00Z")
    add_note(late, "The tulip queue is full", user)
    return {"expired": expired, "late": late}


@pytest.fixture(params=[0, 1000], ids=["in most rows", "in few rows"])
def rows_of_table(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that most incidents contain are searched in another way."""
    monkeypatch.setattr(filters, "FEW", 0)
    monkeypatch.setattr(filters, "estimated_rows", lambda model: request.param)


@pytest.mark.usefixtures("rows_of_table")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("service:orders-db", {"expired"}),
        ("-service:orders-db", {"late"}),
        ("cause:expiry", {"expired"}),
        ('cause:"certificate expired"', {"expired"}),
        ("after:2026-02", {"late"}),
        ("before:2026-01-16", {"expired"}),
        ("on:2026-01", {"expired"}),
        ("on:2026", {"expired", "late"}),
        ("severity:sev1", {"expired"}),
        ("status:open", {"expired", "late"}),
        ("tier:core handshake", {"expired"}),
        ("by:oncall", {"expired"}),
        ("service:orders-db after:2026-02", set()),
        ('"mails are"', {"late"}),
        ("handsh", {"expired"}),
        ("failures gatew", {"expired"}),
        ("late -mails", set()),
        ("mail OR gateway", {"expired", "late"}),
        ("orders-db", {"expired"}),
        ("tulip", {"late"}),
    ],
)
def test_words_phrases_and_fields(history: dict[str, Incident], text: str, found: set[str]) -> None:
    rows = set(search_incidents(Incident.objects.all(), text))
    assert rows == {history[name] for name in found}


@pytest.mark.parametrize(
    ("text", "problem"),
    [("after:soon", "is no date"), ("severity:bad", "is none of SEV1"),
     ("on:2026-02-31", "not in the calendar"), ("before:9999", ""), ("status:x", "is none of")],
)  # fmt: skip
def test_invalid_values_are_reported(
    web: Client, history: dict[str, Incident], text: str, problem: str
) -> None:
    page = web.get("/analysis/search/", {"q": text}).content.decode()
    assert problem in page
    assert web.get("/", {"q": text}).status_code == 200


def test_unknown_fields_stay_words() -> None:
    query = parse_query("see http://x.example/a error:timeout service:a")
    assert query.words == "see http://x.example/a error:timeout"
    assert query.fields == [("service", "a", False)]


@given(st.text(max_size=60))
def test_any_text_is_searched_without_breaking(text: str) -> None:
    list(search_incidents(Incident.objects.all(), text)[:1])


def test_one_search_finds_every_kind(
    web: Client, history: dict[str, Incident], user: User, database: Service
) -> None:
    postmortem = start_postmortem([history["expired"]], user)
    postmortem.body = "## What happened\nThe relay & gateway refused <us."
    postmortem.save()
    publish(postmortem)
    Change.objects.create(service=database, title="relay 4.2")
    page = web.get("/analysis/search/", {"q": "relay"}).content.decode()
    assert "Relay certificate expired" in page
    assert "relay 4.2" in page
    excerpt = "What happened\nThe <mark>relay</mark> &amp; gateway refused &lt;us."
    assert f">{excerpt}<" in page
    assert f'<a href="{database.get_absolute_url()}" data-row>orders-db</a>: relay 4.2' in page
    assert "orders-db" in web.get("/analysis/search/", {"q": "orders"}).content.decode()


def test_a_pasted_log_line_finds_incidents_by_its_template(
    web: Client, history: dict[str, Incident], user: User
) -> None:
    line = "ERROR pool 7 exhausted after 3000 ms for tenant 9f3c2a77-1111-4c1e-9e0a-5d3a5d7e2c11"
    Fingerprint.objects.create(
        incident=history["late"], templates={template_id(mask(line)): mask(line)}
    )
    other = line.replace("7", "8").replace("3000", "4500")
    pasted = f"{other}\n    at com.shop.Pool.take(Pool.java:77)"
    found = search_everything(pasted, user)
    assert found.pasted
    assert [incident for incident, _ in found.by_template] == [history["late"]]
    assert "Mails are late" in web.post("/analysis/search/", {"q": pasted}).content.decode()


def test_a_pasted_line_finds_the_template_that_it_was_one_of_many_in(
    history: dict[str, Incident], user: User
) -> None:
    template = "ERROR queue of <*> is blocked"
    Fingerprint.objects.create(
        incident=history["late"], templates={template_id(template): template}
    )
    found = search_everything("ERROR queue of invoices is blocked\n    at Queue.java:7", user)
    assert found.by_template == [(history["late"], template)]


def test_pasted_text_is_not_mistaken_for_fields() -> None:
    assert is_pasted("a\nb")
    assert not is_pasted("checkout 5xx after deploy")


def test_when_nothing_holds_all_words_the_nearest_is_shown(
    web: Client, history: dict[str, Incident]
) -> None:
    page = web.get("/analysis/search/", {"q": "handshake failures zanzibar"}).content.decode()
    assert "Nothing holds all of these words" in page
    assert "Handshake failures at the gateway" in page


def test_pages_of_a_search_hold_each_incident_once_and_count_all(
    web: Client, database: Service
) -> None:
    database.owner_team = "Storage"
    database.save()
    for number in range(53):
        file_incident(title=f"Zeppelin {number}", services=[database])
    seen: list[int] = []
    for page in ("1", "2"):
        shown = web.get("/", {"q": "zeppelin", "page": page}).context["page"]
        assert shown.paginator.count == 53
        seen += [incident.pk for incident in shown]
    assert len(set(seen)) == len(seen) == 53
    for odd in ("3", "99999999999999999999", "0", "-1", "x"):
        assert web.get("/", {"q": "zeppelin", "page": odd}).status_code == 200
    by_team = {"q": "zeppelin", "team": "Storage"}
    assert web.get("/", by_team).context["page"].paginator.count == 53
