"""Header, command palette, home and first hour in a real browser, by keyboard and on a phone."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, ViewportSize, expect

from incidents.filing import file_incident
from incidents.intake.processing import process_waiting
from incidents.models import Incident, Notice, Service
from people.membership import give_role
from people.models import Role
from tests.e2e.conftest import note_problems
from tests.e2e.test_main_job import sign_in
from tests.e2e.test_practice import fault_free
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.e2e
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def page(
    browser: Browser, live_server: Any, django_user_model: Any, problems: list[str],
    transactional_db: None,
) -> Page:  # fmt: skip
    page = sign_in(browser, live_server.url, django_user_model)
    note_problems(page, problems)
    return page


def test_the_palette_opens_finds_and_goes_by_keyboard_alone(
    page: Page, problems: list[str]
) -> None:
    Service.objects.create(name="orders-db")
    incident = file_incident(title="orders-db deadlocks", severity="SEV1")
    page.keyboard.press("Control+k")
    text = page.get_by_role("combobox", name="Find or do")
    expect(text).to_be_focused()
    expect(page.get_by_role("option", name=str(incident))).to_be_visible()
    fault_free(page)
    page.keyboard.type("orders-db")
    expect(page.get_by_role("option", name="Search everything for “orders-db”")).to_be_visible()
    palette = page.get_by_role("dialog", name="Command palette")
    first = palette.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    expect(first).to_contain_text("orders-db")
    page.keyboard.press("ArrowDown")
    chosen = palette.get_by_role("option", selected=True)
    expect(chosen).to_have_count(1)
    expect(chosen).to_contain_text(str(incident))
    assert text.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{incident.get_absolute_url()}")

    # From the first entry up to the last, which searches; Escape closes without doing anything.
    page.keyboard.press("Control+k")
    page.keyboard.type("deadlocks")
    expect(page.get_by_role("option", name="Search everything for “deadlocks”")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(palette.get_by_role("option", selected=True)).to_contain_text("Search everything")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    assert page.url.endswith(incident.get_absolute_url())
    assert not problems


def test_the_palette_does_what_the_page_offers(page: Page, problems: list[str]) -> None:
    before = page.evaluate("document.documentElement.dataset.theme")
    page.keyboard.press("Control+k")
    page.keyboard.type("colours")
    option = page.get_by_role("option", name="Switch colours: dark, light, automatic")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") != before
    page.keyboard.press("Control+k")
    page.keyboard.type("queue is full")
    expect(page.get_by_role("option", name="File incident “queue is full”")).to_be_visible()
    page.get_by_role("option", name="File incident “queue is full”").click()
    expect(page.get_by_label("Title")).to_have_value("queue is full")
    assert not problems


def test_on_a_phone_one_menu_leads_everywhere_and_nothing_is_sideways(
    page: Page, live_server: Any, problems: list[str], django_user_model: Any
) -> None:
    Notice.objects.create(
        user=django_user_model.objects.get(username="oncall"), key="x", text="x", path="/"
    )
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/home/")
    expect(page.get_by_role("link", name="Notices, 1 unread")).to_be_visible()
    expect(page.get_by_role("link", name="Services")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    menu = page.get_by_role("navigation", name="Main")
    expect(menu.get_by_role("link", name="Home")).to_have_attribute("aria-current", "page")
    fault_free(page)
    page.set_viewport_size(PHONE)
    menu.get_by_role("link", name="Services").click()
    page.wait_for_url("**/services/")
    page.get_by_role("button", name="Command palette").click()
    expect(page.get_by_role("combobox", name="Find or do")).to_be_focused()
    fault_free(page)
    assert not problems


def test_home_shows_what_burns_with_its_likely_cause(
    page: Page, live_server: Any, problems: list[str]
) -> None:
    incident = file_incident(title="orders-db deadlocks", severity="SEV1")
    page.goto(f"{live_server.url}/home/")
    row = page.get_by_role("row", name=str(incident))
    expect(row).to_contain_text("No history to compare with yet")
    expect(page.get_by_text("No cause had two incidents")).to_be_visible()
    fault_free(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{incident.get_absolute_url()}")
    assert not problems


def test_a_viewer_reads_home_guides_and_first_hour(
    browser: Browser, live_server: Any, transactional_db: None, problems: list[str]
) -> None:
    viewer = User.objects.create_user("viewer", password="pass-for-tests")
    give_role(viewer, Role.VIEWER)
    page = browser.new_context().new_page()
    note_problems(page, problems)
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("[name=username]", "viewer")
    page.fill("[name=password]", "pass-for-tests")
    page.click("main button")
    page.wait_for_url("**/home/")
    for path in ("/home/", "/guides/", "/guides/grafana/", "/analysis/first-hour/"):
        page.goto(live_server.url + path)
        expect(page.get_by_role("link", name="File incident")).to_have_count(0)
        fault_free(page)
    assert not problems


def test_the_first_alert_ticks_its_step_while_the_page_is_open(
    page: Page, live_server: Any, problems: list[str]
) -> None:
    integration, _ = make("alertmanager")
    Service.objects.create(name="orders-db")
    hour = page.context.new_page()
    hour.goto(f"{live_server.url}/analysis/first-hour/")
    step = hour.get_by_role("listitem").filter(has_text="Add an alert sender")
    expect(step).to_contain_text("to do")

    page.goto(live_server.url + integration.get_absolute_url())
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    page.get_by_text("How to set it up").click()
    expect(page.get_by_text(f"/hooks/{integration.slug}/").first).to_be_visible()
    fault_free(page)
    page.get_by_label("Service", exact=True).first.fill("orders-db")
    page.get_by_role("button", name="Send a test alert").click()
    expect(page.get_by_text("Received, being processed")).to_be_visible()
    process_waiting()
    expect(page.get_by_text("✓ received")).to_be_visible()
    incident = Incident.objects.get()
    expect(page.get_by_role("link", name=f"Open {incident.reference}")).to_be_visible()
    expect(page.locator(".message", has_text="steps of the first hour")).to_contain_text("3 of 7")
    expect(step).to_contain_text("✓ done")
    fault_free(hour)
    assert not problems


def test_requests_are_tried_with_a_script_that_only_its_button_loads(
    page: Page, live_server: Any, problems: list[str]
) -> None:
    page.goto(f"{live_server.url}/api/docs/")
    page.get_by_role("link", name="Try requests").click()
    assert _bytes_of_scripts(page) < 150_000
    page.get_by_role("button", name="Load Swagger UI").click()
    expect(page.locator(".opblock").first).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Load Swagger UI")).to_have_count(0)
    assert not problems


def _bytes_of_scripts(page: Page) -> int:
    resources = "performance.getEntriesByType('resource')"
    of_scripts = f"{resources}.filter((each) => each.initiatorType === 'script')"
    total: int = page.evaluate(f"{of_scripts}.reduce((sum, each) => sum + each.decodedBodySize, 0)")
    return total
