"""The incident page as a tired person uses it: few clicks, by keys alone, undone, on a phone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, Route, expect

from incidents.filing import file_incident
from incidents.models import Incident, Service
from kb.models import Cause, CauseLink, Check
from tests.e2e.conftest import note_problems, settle
from tests.e2e.test_appearance import pulled_series
from tests.e2e.test_main_job import LOOKS, past, sign_in

__all__ = ["past"]
pytestmark = pytest.mark.e2e


class Budget:
    """Counts clicks, and the seconds since the first; `-s` shows them."""

    def __init__(self) -> None:
        self.clicks = 0
        self.began = time.monotonic()

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def report(self, what: str) -> None:
        print(f"{what}: {self.clicks} clicks, {time.monotonic() - self.began:.1f} s")


@pytest.fixture
def page(
    past: Service, browser: Browser, live_server: Any, django_user_model: Any
) -> Iterator[Page]:
    """Signed in; an error on the console fails the test."""
    problems: list[str] = []
    opened = sign_in(browser, live_server.url, django_user_model, reduced_motion="reduce")
    note_problems(opened, problems)
    yield opened
    assert problems == []


def opened(page: Page, live_server: Any, incident: Incident) -> Incident:
    page.goto(live_server.url + incident.get_absolute_url())
    expect(page.locator("#suggestions")).not_to_contain_text("Searching")
    return incident


def running(past: Service) -> Incident:
    start = timezone.now() - timedelta(minutes=12)
    return file_incident(
        title="orders-db CPU high", services=[past], impact_started_at=start
    )  # fmt: skip


def test_from_the_alert_to_a_confirmed_cause(past: Service, page: Page, live_server: Any) -> None:
    incident = running(past)
    page.goto(live_server.url)
    budget = Budget()
    budget.click(page.get_by_role("link", name=incident.title))
    first = page.locator(".causes > li").first
    expect(first).to_contain_text("Fixed last time: Added the missing index")
    budget.click(first.get_by_role("button", name="This is it"))
    expect(page.locator("#causes")).to_contain_text("confirmed")
    budget.report("Alert to confirmed cause")
    assert budget.clicks <= 3
    assert CauseLink.objects.get(incident=incident).state == "confirmed"


def test_from_filing_to_resolved_with_fix_and_cause(page: Page) -> None:
    budget = Budget()
    budget.click(page.locator("#file"))
    page.fill("[name=title]", "orders-db CPU high")
    budget.click(page.get_by_role("button", name="File incident"))
    expect(page.locator(".causes > li").first).to_contain_text("Query without an index")
    budget.click(page.get_by_role("link", name="Resolve"))
    dialog = page.get_by_role("dialog")
    budget.click(dialog.get_by_label("As last time"))
    budget.click(dialog.get_by_label("Query without an index"))
    budget.click(dialog.get_by_role("button", name="Resolve", exact=True))
    page.wait_for_url(re.compile("/INC-|/postmortems/new/"))
    budget.report("Filing to resolved")
    assert budget.clicks <= 6
    incident = Incident.objects.latest("pk")
    assert (incident.status, incident.resolution) == ("resolved", "Added the missing index")
    assert incident.cause_links.get().cause.name == "Query without an index"


def test_confirming_folds_the_others_and_offers_the_status(
    past: Service, page: Page, live_server: Any
) -> None:
    incident = opened(page, live_server, running(past))
    page.locator(".causes > li").first.get_by_role("button", name="This is it").click()
    toast = page.get_by_text("Linked as cause.")
    expect(toast).to_be_visible()
    expect(page.locator("#toasts")).to_have_attribute("role", "status")
    page.get_by_role("button", name="Set status to Identified").click()
    expect(page.locator(".status")).to_have_text("Identified")
    page.keyboard.press("u")
    expect(page.locator(".status")).to_have_text("Investigating")
    expect(page.locator("#causes")).to_contain_text("confirmed")
    incident.refresh_from_db()
    assert incident.acknowledged_at is None


def test_the_toast_of_a_slow_answer_comes_though_the_panel_was_loaded_again_meanwhile(
    page: Page, live_server: Any, past: Service
) -> None:
    incident = opened(page, live_server, running(past))
    sent: list[Route] = []
    page.route("**/link/", lambda route: sent.append(route))
    page.locator(".causes > li").first.get_by_role("button", name="This is it").click()
    with page.expect_response("**/suggestions/"):
        page.evaluate("htmx.trigger(document.body, 'evidence-arrived')")
    page.wait_for_timeout(100)
    sent.pop().continue_()
    expect(page.locator("#toasts .toast")).to_contain_text("Undo")
    expect(page.locator("#timeline")).to_contain_text("Query without an index")
    assert incident.cause_links.get().state == CauseLink.State.CONFIRMED


def test_a_cause_is_linked_and_unlinked_by_keys_alone(
    past: Service, page: Page, live_server: Any
) -> None:
    incident = opened(page, live_server, running(past))
    page.locator(".causes > li").first.get_by_role("button", name="Not it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rejected as cause.")).to_be_visible()
    page.locator("#main").focus()
    page.keyboard.press("u")
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert not CauseLink.objects.filter(incident=incident).exists()
    expect(page.locator(".causes > li").first).to_contain_text("Query without an index")


def test_keys_acknowledge_rate_and_resolve(past: Service, page: Page, live_server: Any) -> None:
    incident = opened(page, live_server, running(past))
    page.keyboard.press("a")
    expect(page.get_by_text("oncall owns it")).to_be_visible()
    page.locator("summary:has(.severity)").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main .severity").first).to_have_text("SEV1")
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("r")
    dialog.get_by_label("Write a postmortem next").uncheck()
    dialog.get_by_role("button", name="Resolve without saying what fixed it").press("Enter")
    expect(page.locator(".status")).to_have_text("Resolved")
    incident.refresh_from_db()
    assert (incident.severity, incident.resolution) == ("SEV1", "")


def test_the_duration_ticks(past: Service, page: Page, live_server: Any) -> None:
    opened(page, live_server, running(past))
    ticking = page.locator("[data-ticks]")
    expect(ticking).to_have_text(re.compile(r"12 min \d+ s"))
    shown = ticking.text_content()
    expect(ticking).not_to_have_text(shown or "")
    assert "your time" in (ticking.get_attribute("title") or "")


def test_a_chart_shows_its_values_and_comes_closer_by_pointer_and_by_keys(
    past: Service, page: Page, live_server: Any
) -> None:
    incident = running(past)
    pulled_series(incident, past, timezone.now())
    opened(page, live_server, incident)
    chart = page.get_by_role("application", name="orders-db · cpu over time")
    value = page.locator(".chart-value output")
    axis = chart.locator(".value")
    drawn = axis.all_text_contents()
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    expect(value).to_have_text(re.compile(r"^\d\d:\d\d · [23]\d(\.\d)? % *$"))
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 10, box["y"] + 60)
    page.mouse.up()
    whole = page.get_by_role("button", name="Whole period")
    expect(whole).to_be_visible()
    # The value axis follows what is in view, in the words of its highest and lowest point.
    closer = axis.all_text_contents()
    assert closer != drawn
    assert len(closer) == 2
    whole.press("Enter")
    expect(whole).to_be_hidden()
    assert axis.all_text_contents() == drawn
    chart.focus()
    chart.press("End")
    expect(value).to_have_text(re.compile("8[0-9](.[0-9])? %"))
    chart.press("PageUp")
    expect(value).to_contain_text("Left its normal range")
    chart.press("+")
    expect(whole).to_be_visible()
    chart.press("0")
    expect(whole).to_be_hidden()
    page.evaluate(AXE_SCRIPT)
    found = AxeResults(page.evaluate("options => axe.run('#evidence', options)", LOOKS[0][2]))
    assert found.violations_count == 0, found.generate_report()


def test_a_service_is_found_among_three_thousand(page: Page, live_server: Any) -> None:
    Service.objects.bulk_create(Service(name=f"component-{number:04}") for number in range(3000))
    incident = opened(page, live_server, file_incident(title="Nobody can buy"))
    find = page.get_by_role("combobox")
    began = time.monotonic()
    find.type("component-17")
    expect(page.get_by_role("option")).to_have_count(50)
    find.press("9")
    find.press("9")
    expect(page.get_by_role("option")).to_have_text(["component-1799"])
    find.press("Enter")
    expect(page.locator(".picker-chosen")).to_contain_text("component-1799")
    assert time.monotonic() - began < 5
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    expect(page.get_by_text("Added component-1799.")).to_be_visible()
    assert [each.name for each in incident.services.all()] == ["component-1799"]


def test_the_form_of_an_incident_takes_several_services_by_keys(
    past: Service, page: Page, live_server: Any
) -> None:
    Service.objects.create(name="mailer")
    page.goto(f"{live_server.url}/new/")
    page.fill("[name=title]", "Everything is slow")
    find = page.get_by_role("combobox", name="Services")
    for name in ("mail", "orders"):
        find.fill(name)
        find.press("Enter")
    expect(page.locator(".picker-chosen li")).to_have_count(2)
    find.press("Backspace")
    expect(page.locator(".picker-chosen li")).to_have_count(1)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/INC-\d+/"))
    assert [each.name for each in Incident.objects.latest("pk").services.all()] == ["mailer"]


@pytest.mark.timeout(300)
def test_all_states_of_the_page_are_accessible_and_nothing_is_sideways_on_a_phone(
    past: Service, page: Page, live_server: Any
) -> None:
    cause = Cause.objects.get(name="Query without an index")
    Check.objects.create(cause=cause, source="p", name="scans", query="x", threshold=1e-7)
    nameless = file_incident(title="Nobody can buy", symptom="x" * 300)
    incident = running(past)
    page.set_viewport_size({"width": 390, "height": 844})
    for each, act in ((nameless, ""), (incident, ""), (incident, "r"), (incident, "menu")):
        opened(page, live_server, each)
        if act == "r":
            page.keyboard.press("r")
            expect(page.get_by_role("dialog")).to_be_visible()
        if act == "menu":
            page.locator("summary", has_text="More").last.click()
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, act
        page.evaluate(AXE_SCRIPT)
        for _, scheme, options in LOOKS[1:]:
            page.emulate_media(color_scheme=scheme)
            found = AxeResults(page.evaluate("options => axe.run(options)", options))
            assert found.violations_count == 0, (act, scheme, found.generate_report())
    page.keyboard.press("Escape")
    page.mouse.wheel(0, 3000)
    expect(page.get_by_role("button", name="Acknowledge")).to_be_in_viewport()
    assert "e-0" not in page.locator("main").inner_text()
