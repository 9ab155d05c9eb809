"""From a resolved incident to a published postmortem, as its author does it in a browser."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from analysis.models import Source
from analysis.suggestions.engine import suggest_for_text
from demo.world.faults import Episodes
from incidents.filing import file_incident
from incidents.models import Incident, Service
from kb.models import ActionItem, CauseLink, Postmortem
from people.membership import give_role
from people.models import Role
from tests.e2e.conftest import note_problems
from tests.e2e.test_main_job import past, sign_in

__all__ = ["past"]
pytestmark = pytest.mark.e2e


def promise(page: Page, title: str, kind: str, due: str) -> None:
    if not page.get_by_label("Title").is_visible():
        page.get_by_text("Add an action item").click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Kind").select_option(kind)
    page.get_by_label("Due").fill(due)
    page.get_by_role("button", name="Add action").click()
    expect(page.locator("#actions-title + ul")).to_contain_text(title)


def test_from_a_resolved_incident_to_a_published_postmortem(
    past: Service, prometheus: str, world: tuple[str, Episodes], working: None,
    browser: Browser, live_server: Any, django_user_model: Any, tmp_path: Path,
) -> None:  # fmt: skip
    Source.objects.create(name="Prometheus", kind="prometheus", settings={"url": prometheus})
    page = sign_in(browser, live_server.url, django_user_model)
    problems: list[str] = []
    note_problems(page, problems)
    twin = file_incident(title="catalog database saturated after the release", services=[past])

    # An incident with evidence, two causes of which one led to the other, and a cited chart.
    page.keyboard.press("n")
    page.fill("[name=title]", "orders-db saturated after the release")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/INC-\d+/"))
    expect(page.locator("figure svg.chart").first).to_be_visible(timeout=20_000)
    expect(page.locator("#evidence .progress")).to_have_count(0, timeout=20_000)
    for cause in ("Plan flipped by stale statistics", "Autovacuum switched off for the bulk load"):
        page.get_by_label("New cause").fill(cause)
        page.get_by_role("button", name="Confirm it").click()
        expect(page.locator("#causes .links")).to_contain_text(cause)
    page.get_by_text("One led to another").click()
    page.get_by_label("First").select_option("Autovacuum switched off for the bulk load")
    page.get_by_label("led to", exact=True).select_option("Plan flipped by stale statistics")
    page.get_by_role("button", name="Add to the chain").click()
    expect(page.locator("#causes svg.chain")).to_be_visible()
    page.reload()
    page.locator("figure:has(svg.chart) form.cite button").first.click()
    expect(page.locator("#causes")).to_contain_text("rests on")
    page.get_by_role("link", name="Resolve").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What fixed it").fill("Ran ANALYZE and switched autovacuum on again")
    dialog.get_by_label("Write a postmortem next").uncheck()
    dialog.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator(".status")).to_have_text("Resolved")
    incident = Incident.objects.latest("pk")

    # A postmortem of two incidents, filled with what is on record.
    page.get_by_role("link", name="Write postmortem").click()
    page.get_by_label("Incidents").fill(f"{incident.reference}, {twin.reference}")
    page.get_by_label("Template").select_option("Full")
    page.get_by_role("button", name="Start writing").click()
    text = page.get_by_label("Text")
    # What is typed before the page's scripts run is previewed with the next key only.
    page.wait_for_url("**/edit/**")
    page.wait_for_load_state()
    written = text.input_value()
    assert "Plan flipped by stale statistics" in written
    assert "chart.png" in written
    assert "Ran ANALYZE" in written
    text.fill(f"{written}\nIt was human error: @oncall forgot to switch it on.\n")
    expect(page.locator("#preview")).to_contain_text("It was human error")
    expect(page.locator("#preview details")).to_contain_text("blameless")
    expect(page.locator("#preview img").first).to_be_visible()
    expect(page.locator("#draft-state")).to_contain_text("Draft saved", timeout=10_000)
    text.fill(f"{written}\nThe switch had no reminder.\n")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("article")).to_contain_text("The switch had no reminder.")
    for title, kind, due in (
        ("Alert on tables without autovacuum", "detect", "2026-12-01"),
        ("Bulk loads switch it on themselves", "prevent", "2027-01-15"),
        ("Runbook: ANALYZE first", "mitigate", "2026-11-30"),
    ):
        promise(page, title, kind, due)
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".page-head .tag")).to_have_text("Published")

    # Its PDF holds the text, the chart and the actions.
    page.get_by_text("Export").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="PDF").click()
    pdf = PdfReader(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    exported = " ".join(" ".join(sheet.extract_text() for sheet in pdf.pages).split())
    assert "The switch had no reminder." in exported
    assert "Bulk loads switch it on themselves" in exported
    assert any(sheet.images for sheet in pdf.pages)
    assert not problems

    postmortem = Postmortem.objects.get()
    assert postmortem.incidents.count() == 2
    assert ActionItem.objects.count() == 3
    assert CauseLink.objects.filter(incident=incident, state="confirmed").count() == 2
    # The next alike incident suggests one of its causes first.
    user = django_user_model.objects.get()
    first = suggest_for_text("orders-db saturated, slow after the release", user).causes[0]
    assert first.cause.name in (
        "Plan flipped by stale statistics", "Autovacuum switched off for the bulk load",
    )  # fmt: skip


def test_two_people_edit_one_draft_in_two_browsers_and_lose_no_sentence(
    past: Service, browser: Browser, live_server: Any, django_user_model: Any
) -> None:
    first = sign_in(browser, live_server.url, django_user_model)
    give_role(
        django_user_model.objects.create_user("second", password="pass-for-tests"), Role.EDITOR
    )
    second = browser.new_context().new_page()
    second.goto(live_server.url)
    second.fill("[name=username]", "second")
    second.fill("[name=password]", "pass-for-tests")
    second.click("main button")
    incident = Incident.objects.latest("pk")
    start = f"{live_server.url}/knowledge/postmortems/new/?incident={incident.reference}"
    first.goto(start)
    first.get_by_role("button", name="Start writing").click()
    first.get_by_label("Text").fill("Alpha stands.\n\nBeta stands.\n")
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first.locator("article")).to_contain_text("Alpha stands.")
    edit = first.url + "edit/"
    for page in (first, second):
        page.goto(edit)
    first.get_by_label("Text").fill("Alpha stands.\n\nAnna adds this.\n\nBeta stands.\n")
    second.get_by_label("Text").fill("Alpha fell.\n\nBeta stands.\n\nBen adds that.\n")
    expect(second.locator("#draft-state")).to_contain_text("Draft saved", timeout=10_000)
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first.locator("article")).to_contain_text("Anna adds this.")
    second.get_by_role("button", name="Save", exact=True).click()
    expect(second.locator("[role=alert]")).to_contain_text("Nothing is lost")
    second.get_by_role("button", name="Save", exact=True).click()
    for sentence in ("Alpha fell.", "Anna adds this.", "Beta stands.", "Ben adds that."):
        expect(second.locator("article")).to_contain_text(sentence)
