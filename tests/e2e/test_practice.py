"""The practice as its people go through it in a browser, on the demo world's services."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from analysis.models import Source
from demo.world.faults import Episode, Episodes
from incidents.filing import file_incident
from incidents.models import Service
from kb.causes.linking import name_cause
from people.models import Team
from practice.models import ReadinessReview
from practice.readiness import reviews
from tests.e2e.conftest import note_problems, settle
from tests.e2e.test_main_job import sign_in

pytestmark = pytest.mark.e2e


@pytest.fixture
def shop(transactional_db: None, world: tuple[str, Episodes]) -> Service:
    """The checkout, what it needs, and two days with an outage of a known cause."""
    address, episodes = world
    Source.objects.create(name="Prometheus", kind="prometheus", settings={"url": address})
    orders, mailer = (
        Service.objects.create(name=name, tier=tier)
        for name, tier in (("orders", "normal"), ("mailer", "supplementary"))
    )
    checkout = Service.objects.create(name="checkout", tier="core", owner=Team.named("Orders"))
    checkout.depends_on.add(orders)
    orders.depends_on.add(mailer)
    start = timezone.now() - timedelta(days=1)
    end = start + timedelta(hours=3)
    episodes.add(Episode("orders", "bad-deploy", start.timestamp(), end.timestamp()))
    outage = file_incident(
        title="orders answers with errors", services=[orders], severity="SEV1", quiet=True,
        impact_started_at=start, detected_at=start, resolved_at=end, status="resolved",
    )  # fmt: skip
    name_cause(outage, "Null pointer in the discount path")
    reviews.find_gaps(outage)
    return checkout


def fault_free(page: Page) -> None:
    for scheme, width in (("light", 1440), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 844})
        settle(page)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    page.set_viewport_size({"width": 1440, "height": 900})


def the_graph_zooms_moves_and_marks_neighbours(page: Page) -> None:
    view = page.get_by_role("group", name="Graph of services")
    graph, scale = view.locator("svg"), page.locator(".graph-tools output")

    def width() -> int:
        return int(graph.get_attribute("width") or 0)

    fitting = width()
    assert fitting <= view.evaluate("view => view.clientWidth"), "it fits at first"
    view.focus()
    view.press("+")
    assert width() > fitting
    for _ in range(6):
        page.get_by_role("button", name="Zoom in").click()
    before = view.evaluate("view => view.scrollLeft")
    box = view.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 90, box["y"] + 20, steps=3)
    page.mouse.up()
    assert page.url.endswith("/services/graph/"), "a drag follows no link"
    assert view.evaluate("view => view.scrollLeft") > before
    at = scale.text_content()
    page.keyboard.down("Control")
    page.mouse.wheel(0, 66)
    page.keyboard.up("Control")
    expect(scale).not_to_have_text(at or "")
    view.press("0")
    assert width() == fitting
    graph.get_by_role("link", name="orders", exact=True).focus()
    near = graph.locator("a:has(.box.near)")
    expect(near).to_have_text([re.compile("checkout"), re.compile("orders"), re.compile("mailer")])
    view.focus()
    expect(near).to_have_count(0)


def test_a_service_is_taken_from_the_graph_to_a_monthly_review(
    shop: Service, browser: Browser, live_server: Any, django_user_model: Any
) -> None:
    page = sign_in(browser, live_server.url, django_user_model)
    problems: list[str] = []
    note_problems(page, problems)

    # The graph names the supplementary service on the path of a core one.
    page.goto(f"{live_server.url}/services/graph/")
    expect(page.get_by_text("checkout → orders → mailer")).to_be_visible()
    the_graph_zooms_moves_and_marks_neighbours(page)
    fault_free(page)

    # An objective, counted at once; the budget that the outage burned, by its cause.
    page.goto(live_server.url + shop.get_absolute_url())
    page.get_by_role("link", name="Set one").click()
    # Less than fails in the world's quietest hour: spent, whatever the time of day.
    page.get_by_label("Target", exact=True).fill("99.98")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Count now").click()
    expect(page.get_by_text("intervals of five minutes counted")).to_be_visible()
    causes = page.locator("section", has_text="Spent by cause").last
    expect(causes).to_contain_text("Null pointer in the discount path")
    incidents = page.locator("section", has_text="Spent by incident").last
    expect(incidents).to_contain_text("(in orders)")
    expect(page.get_by_text("The error budget is spent.")).to_be_visible()
    expect(page.locator("svg.chart").first).to_be_visible()
    fault_free(page)
    page.get_by_role("link", name="Objectives").first.click()
    expect(page.get_by_role("row", name="checkout · availability")).to_contain_text("spent")
    fault_free(page)

    # The board suggests what hurts; a phase is done once something shows it.
    page.get_by_role("link", name="Board").click()
    expect(page.get_by_text("Onboard next")).to_be_visible()
    fault_free(page)
    page.get_by_role("link", name="orders", exact=True).first.click()
    first = page.locator("section.card").first
    first.get_by_label("State").select_option("done")
    first.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Say what shows that it is done.")).to_be_visible()
    first.get_by_label("State").select_option("done")
    first.get_by_label("Evidence").fill("k6, release 8.53")
    first.get_by_role("button", name="Save").click()
    expect(first).to_contain_text("k6, release 8.53")
    fault_free(page)

    # A review: what is known is answered, the rest by people; gaps of the outage are at hand.
    page.get_by_role("link", name="Readiness").click()
    expect(page.get_by_text("no alert fired")).to_be_visible()
    fault_free(page)
    page.get_by_role("button", name="Start a review").click()
    expect(page.locator("main").get_by_text("automatic").first).to_be_visible()
    while page.locator("details[open] form").count():
        form = page.locator("details[open] form").first
        form.locator("select").select_option("yes")
        form.get_by_role("button", name="Save").click()
        page.wait_for_load_state()
    fault_free(page)
    page.get_by_role("button", name="Close the review").click()
    expect(page.get_by_text("Closed with")).to_be_visible()
    assert ReadinessReview.objects.get().score is not None

    # The practice map: a verdict against something needs its reason.
    page.goto(f"{live_server.url}/practice/map/")
    fault_free(page)
    page.locator("svg.map a", has_text="Game days").click()
    page.get_by_label("Verdict").select_option("not-now")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Give the reason: somebody will want to know it.")).to_be_visible()
    page.get_by_label("Verdict").select_option("not-now")
    page.get_by_label("Why").fill("First the runbooks")
    fault_free(page)
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("svg.map")).to_contain_text("◷ Game days")

    # The month in one page.
    outage = timezone.now() - timedelta(days=1)
    page.goto(f"{live_server.url}/practice/monthly/{outage:%Y-%m}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Reliability in {outage:%B %Y}")
    expect(page.locator("main")).to_contain_text("Null pointer in the discount path")
    fault_free(page)
    for path in (f"services/{shop.pk}/records/", "checklists/", "checklists/core/", "slos/import/"):
        page.goto(f"{live_server.url}/practice/{path}")
        fault_free(page)
    assert not problems
