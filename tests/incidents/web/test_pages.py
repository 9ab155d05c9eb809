from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import get_script_prefix, set_script_prefix

from config.version import VERSION
from incidents import filing
from incidents.models import Incident, Service
from kb.models import Cause


@pytest.mark.django_db
def test_nothing_is_shown_without_signing_in(client: Client) -> None:
    for path in ("/", "/new/", "/services/", "/knowledge/causes/", "/analysis/sources/"):
        assert client.get(path).headers["Location"].startswith("/sign-in/"), path


def test_every_page_renders(web: Client, incident: Incident, database: Service) -> None:
    for path in (
        "/", "/new/", f"/INC-{incident.pk}/", f"/INC-{incident.pk}/edit/", "/services/",
        f"/services/{database.pk}/", f"/services/{database.pk}/edit/", "/services/new/",
        "/knowledge/causes/", "/knowledge/causes/new/", "/knowledge/postmortems/",
        "/knowledge/postmortems/new/", "/analysis/sources/", "/api/docs/",
    ):  # fmt: skip
        assert web.get(path).status_code == 200, path


def test_the_content_policy_allows_no_inline_script(web: Client, incident: Incident) -> None:
    policy = web.get(f"/INC-{incident.pk}/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_the_page_of_the_api_has_nothing_inline_and_leads_back(web: Client) -> None:
    page = web.get("/api/docs/").content.decode()
    assert "<style" not in page
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert 'href="/home/"' in page
    assert f"Version {VERSION}" in page


@pytest.mark.parametrize("words", ["deadlock", '"cannot connect"', "INC-{pk}", "orders-db"])
def test_search_finds_text_phrases_references_and_services(
    web: Client, database: Service, words: str
) -> None:
    wanted = filing.file_incident(
        title="Deadlocks again", symptom="workers cannot connect", services=[database]
    )
    filing.file_incident(title="Unrelated mail delay")
    page = web.get("/", {"q": words.format(pk=wanted.pk)}).content.decode()
    assert "Deadlocks again" in page
    assert "Unrelated mail delay" not in page


def test_search_reads_the_timeline_too(web: Client, incident: Incident) -> None:
    filing.add_note(incident, "the flux capacitor overheated")
    assert incident.title in web.get("/", {"q": "capacitor"}).content.decode()


@pytest.mark.parametrize("words", ["'", '"', "((", "a & | !", "\x00", "%", "x" * 5000])
def test_odd_search_words_never_break_the_page(web: Client, words: str) -> None:
    assert web.get("/", {"q": words}).status_code == 200


def test_filters_narrow_the_list(web: Client, database: Service) -> None:
    filing.file_incident(title="Bad one", severity="SEV1", services=[database])
    done = filing.file_incident(title="Old one", severity="SEV4")
    filing.set_status(done, "resolved")
    assert "Old one" not in web.get("/", {"open": "true"}).content.decode()
    assert "Bad one" not in web.get("/", {"severity": "SEV4"}).content.decode()
    assert "Old one" not in web.get("/", {"service": "orders-db"}).content.decode()


def test_the_order_is_remembered(web: Client) -> None:
    filing.file_incident(title="First filed", severity="SEV4")
    filing.file_incident(title="Then filed", severity="SEV1")
    web.post("/order/", {"order": "severity"})
    page = web.get("/").content.decode()
    assert page.index("Then filed") < page.index("First filed")


def test_the_list_costs_the_same_for_one_and_for_forty(
    web: Client, database: Service, django_assert_max_num_queries: object
) -> None:
    for number in range(40):
        filing.file_incident(title=f"Incident {number}", services=[database])
    web.get("/")
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        web.get("/")


@pytest.mark.parametrize("prefix", ["/", "/causebook/"])
def test_pages_have_their_address_wherever_the_product_is_mounted(prefix: str) -> None:
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        assert Incident(pk=1020).get_absolute_url() == f"{prefix}INC-1020/"
        assert Service(pk=1020).get_absolute_url() == f"{prefix}services/1020/"
        assert Cause(pk=1020).get_absolute_url() == f"{prefix}knowledge/causes/1020/"
    finally:
        set_script_prefix(before)
