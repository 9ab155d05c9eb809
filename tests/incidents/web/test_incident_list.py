"""The list of incidents: order, news, CSV, and acts on selected rows."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents import filing
from incidents.models import Incident, SavedFilter, Service
from people.membership import give_role
from people.models import Role, Team

pytestmark = pytest.mark.django_db


def rows_of(html: str) -> list[int]:
    return [int(key) for key in re.findall(r'<tr id="row-(\d+)"', html)]


def page_of(web: Client, path: str = "/", **query: Any) -> str:
    return web.get(path, query).content.decode()


def filed(title: str, status: str = "investigating", **fields: Any) -> Incident:
    incident = filing.file_incident(title=title, **fields)
    return filing.set_status(incident, status)


def news_url(html: str) -> str:
    found = re.search(r'hx-get="(/news/[^"]+)"', html)
    assert found
    return found[1].replace("&amp;", "&")


@pytest.fixture
def viewer(client: Client, django_user_model: Any) -> Client:
    user = django_user_model.objects.create_user("reader", password="pass-for-tests")
    give_role(user, Role.VIEWER)
    client.force_login(user)
    return client


def private_of(other: User, title: str = "Secret leak") -> Incident:
    return filing.file_incident(title=title, private=True, reporter=other)


def test_open_incidents_come_first_by_state_and_then_the_resolved_ones(web: Client) -> None:
    now = timezone.now()
    old = filed("Old and open", impact_started_at=now - timedelta(days=9))
    done = filed("Done", "resolved", impact_started_at=now - timedelta(hours=1))
    mitigated = filed("Nearly over", "mitigated")
    html = page_of(web)
    assert rows_of(html) == [old.pk, mitigated.pk, done.pk]
    headings = re.findall(r'class="section-head">(\w+) <small>(\d+)', html)
    assert headings == [("Open", "2"), ("Resolved", "1")]


@pytest.mark.parametrize("query", [{}, {"q": "case"}, {"team": "Shop"}])
def test_pages_have_each_incident_once_whatever_finds_them(
    web: Client, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.web.incident_list.PAGE_SIZE", 4)
    team = Team.objects.create(name="Shop")
    services = [Service.objects.create(name=name, owner=team) for name in ("cart", "till")]
    states = ["resolved", "investigating", "mitigated", "resolved", "identified"] * 2
    every = [filed(f"Case {n}", state, services=services) for n, state in enumerate(states)]
    seen = [rows_of(page_of(web, **query, page=page)) for page in (1, 2, 3)]
    assert [len(keys) for keys in seen] == [4, 4, 2]
    found = [key for keys in seen for key in keys]
    assert sorted(found) == sorted(incident.pk for incident in every)
    ranks = [Incident.Status.values.index(Incident.objects.get(pk=key).status) for key in found]
    assert ranks == sorted(ranks)
    assert "of 10" in page_of(web, **query)


def test_news_counts_what_is_new_and_changes_rows_in_place(web: Client) -> None:
    shown = filed("Known", severity="SEV3")
    url = news_url(page_of(web))
    assert "· show" not in page_of(web, url)
    filed("Brand new")
    filing.set_severity(shown, "SEV1")
    html = page_of(web, url)
    assert "1 new · show" in html
    row = html[html.index("<template>") :]
    assert f'<tr id="row-{shown.pk}"' in row
    assert 'hx-swap-oob="true"' in row
    assert "SEV1" in row
    assert "Brand new" not in html, "a new row would move those under the cursor"


def test_news_of_a_filter_is_only_what_it_finds(web: Client) -> None:
    filed("Known", severity="SEV1")
    url = news_url(page_of(web, severity="SEV1"))
    filed("Harmless", severity="SEV4")
    assert "· show" not in page_of(web, url)
    filed("Bad", severity="SEV1")
    assert "1 new · show" in page_of(web, url)


def test_news_say_nothing_of_private_incidents(web: Client, other: User) -> None:
    filed("Known")
    url = news_url(page_of(web))
    private = private_of(other)
    html = page_of(web, url.replace("shown=", f"shown={private.pk},"))
    assert "· show" not in html
    assert "Secret" not in html


@pytest.mark.parametrize(
    "query",
    [
        {}, {"since": "yesterday", "read_at": "x", "shown": "a,b", "on": "-1"},
        {"since": "2026-01-01T00:00:00", "shown": "9" * 400, "severity": "SEV9"},
    ],
)  # fmt: skip
def test_odd_questions_for_news_are_answered_with_none(web: Client, query: dict[str, str]) -> None:
    filed("Known")
    response = web.get("/news/", query)
    assert response.status_code == 200
    assert "· show" not in response.content.decode()


def test_the_csv_has_the_rows_of_the_filter_and_no_formula(web: Client, database: Service) -> None:
    filed("=HYPERLINK(1)", "resolved", services=[database], severity="SEV1")
    filed("Other", severity="SEV4")
    response = web.get("/incidents.csv", {"severity": "SEV1"})
    assert response.headers["Content-Type"].startswith("text/csv")
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["title"] == "'=HYPERLINK(1)"
    assert (row["severity"], row["status"], row["services"]) == ("SEV1", "resolved", "orders-db")
    assert row["resolved_at"]


def test_the_csv_has_no_private_incident_of_others(web: Client, other: User) -> None:
    private_of(other)
    filed("Public")
    text = b"".join(web.get("/incidents.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "Public" in text
    assert "Secret" not in text


def test_the_csv_of_an_invalid_filter_is_an_error(web: Client) -> None:
    response = web.get("/incidents.csv", {"severity": "SEV9"})
    assert response.status_code == 400
    assert "severity" in response.content.decode()


def sent(web: Client, act: str, value: str, *keys: int, **more: str) -> str:
    data = {"act": act, act: value, "incident": [str(key) for key in keys], **more}
    return web.post("/bulk/", data, follow=True).content.decode()


def test_selected_rows_are_resolved_together(web: Client) -> None:
    rows = [filed("One"), filed("Two")]
    html = sent(web, "status", "resolved", *(row.pk for row in rows))
    assert "Set to Resolved: 2 incidents." in html
    assert set(Incident.objects.values_list("status", flat=True)) == {"resolved"}
    assert rows[0].timeline.filter(kind="status", author__username="oncall").exists()


def test_one_message_says_which_were_refused_and_why(web: Client, other: User) -> None:
    mine, theirs = filed("Mine"), private_of(other)
    html = sent(web, "severity", "SEV1", mine.pk, theirs.pk, 999_999)
    assert "Set to SEV1: 1 incident. Refused:" in html
    for key in (theirs.pk, 999_999):
        assert f"INC-{key} (There is no such incident.)" in html
    theirs.refresh_from_db()
    assert theirs.severity == "SEV3"


def test_selected_rows_get_an_owner_who_may_see_them(web: Client, other: User, user: User) -> None:
    public = filed("Public")
    mine = filing.file_incident(title="Mine", private=True, reporter=user)
    html = sent(web, "owner", "other", public.pk, mine.pk)
    assert "Owned by other: 1 incident." in html
    assert f"{mine.reference} (other may not see this incident" in html
    public.refresh_from_db()
    assert public.owner == other
    assert "Owned by nobody: 1 incident." in sent(web, "owner", "", public.pk)
    assert "Nobody signs in as “ghost”." in sent(web, "owner", "ghost", public.pk)


def test_selected_rows_are_merged_into_one_that_may_be_among_them(web: Client) -> None:
    into, first, second = filed("Into"), filed("First"), filed("Second")
    html = sent(web, "into", into.reference, into.pk, first.pk, second.pk)
    assert f"Merged into {into.reference}: 2 incidents." in html
    assert set(into.merged.values_list("pk", flat=True)) == {first.pk, second.pk}
    again = sent(web, "into", into.reference, first.pk)
    assert "part of another already" in again


@pytest.mark.parametrize(
    ("act", "value", "problem"),
    [
        ("status", "gone", "Choose what to do"), ("severity", "SEV9", "Choose what to do"),
        ("delete", "all", "Choose what to do"), ("into", "INC-999999", "Enter the incident"),
    ],
)  # fmt: skip
def test_an_act_that_means_nothing_changes_nothing(
    web: Client, act: str, value: str, problem: str
) -> None:
    incident = filed("One")
    assert problem in sent(web, act, value, incident.pk)
    assert "Select incidents first." in sent(web, "status", "resolved")
    incident.refresh_from_db()
    assert incident.status == "investigating"


def test_after_an_act_the_list_is_filtered_as_before(web: Client) -> None:
    incident = filed("One", severity="SEV2")
    data = {
        "act": "status", "status": "mitigated", "incident": incident.pk,
        "query": "severity=SEV2&next=https%3A%2F%2Fexample.org&page=2",
    }  # fmt: skip
    address = urlsplit(web.post("/bulk/", data).headers["Location"])
    assert (address.netloc, address.path) == ("", "/")
    assert parse_qs(address.query) == {"severity": ["SEV2"], "page": ["2"]}


def test_who_may_only_read_sees_no_boxes_and_cannot_act(viewer: Client) -> None:
    incident = filed("One")
    html = page_of(viewer)
    assert rows_of(html) == [incident.pk]
    assert 'type="checkbox" name="incident"' not in html
    assert "/bulk/" not in html
    data = {"act": "status", "status": "resolved", "incident": incident.pk}
    assert viewer.post("/bulk/", data).status_code == 403


def test_a_filter_is_saved_under_a_name_and_removed(web: Client, user: User) -> None:
    filed("One", severity="SEV1")
    data = {"name": "Burning", "query": "severity=SEV1&open=true&page=3"}
    html = web.post("/filters/", data, follow=True).content.decode()
    assert "Saved as “Burning”." in html
    saved = SavedFilter.objects.get()
    assert (saved.user, saved.query) == (user, "open=true&severity=SEV1")
    assert 'aria-current="page">Burning</a>' in html
    assert "Burning" in page_of(web)
    web.post(f"/filters/{saved.pk}/remove/")
    assert not SavedFilter.objects.exists()


def test_filters_of_others_are_neither_shown_nor_removed(web: Client, other: User) -> None:
    theirs = SavedFilter.objects.create(user=other, name="Theirs", query="open=true")
    assert "Theirs" not in page_of(web)
    assert web.post(f"/filters/{theirs.pk}/remove/").status_code == 302
    assert SavedFilter.objects.filter(pk=theirs.pk).exists()


def test_the_list_costs_the_same_for_one_and_for_forty_rows(
    web: Client, database: Service, django_assert_max_num_queries: Any
) -> None:
    for number in range(40):
        filed(f"Case {number}", ["resolved", "mitigated"][number % 2], services=[database])
    web.get("/")
    with django_assert_max_num_queries(14):
        web.get("/")
    url = news_url(page_of(web))
    Incident.objects.update(updated_at=timezone.now())
    with django_assert_max_num_queries(12):
        web.get(url)
