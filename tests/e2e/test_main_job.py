"""The promise end to end, and that killing things loses nothing."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import redis
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, Route, expect

from analysis.evidence import planning, pulling
from analysis.models import Evidence, EvidenceRequest, Finding, Source
from demo.world.faults import Episodes
from incidents.filing import file_incident
from incidents.intake import processing, receiving
from incidents.models import Incident, Service
from incidents.tokens import create_token
from kb import notifications
from kb.causes.fixes import mark_fixed
from kb.causes.linking import chain_causes, create_cause, link_cause
from kb.models import Cause, NotificationRule, Workspace
from kb.postmortems.action_items import add_action
from kb.postmortems.editing import comment_on, start_postmortem
from people.membership import give_role, join_team
from people.models import GroupRule, Invitation, Role, Team
from tests.e2e.conftest import kill_group, note_problems, settle, wait_for
from tests.incidents.signed_requests import make, sample
from tests.misbehaving_server import BEHAVIOURS

pytestmark = pytest.mark.e2e


def sign_in(browser: Browser, address: str, users: Any, **context: Any) -> Page:
    users.objects.create_superuser("oncall", password="pass-for-tests")
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **context).new_page()
    page.goto(address)
    page.fill("[name=username]", "oncall")
    page.fill("[name=password]", "pass-for-tests")
    page.click("main button")
    expect(page.get_by_role("heading", name="Incidents")).to_be_visible()
    # Its scripts come after what it shows, and a key that is pressed before them is lost.
    page.wait_for_load_state()
    return page


@pytest.fixture
def past(transactional_db: None) -> Service:
    """A little history: two incidents with causes, long over."""
    database = Service.objects.create(name="orders-db", kind="postgresql", tier="core")
    long_ago = timezone.now() - timedelta(days=90)
    times: dict[str, Any] = {
        "impact_started_at": long_ago,
        "resolved_at": long_ago + timedelta(hours=1),
    }
    rows = [
        ("orders-db cpu pegged at 97%", "Query without an index", "Added the missing index"),
        ("orders-db too many connections", "Connection leak", "Restarted invoices"),
        ("mailer queue is late", "Consumer stuck", "Restarted the consumer"),
    ]
    for title, cause, fix in rows:
        incident = file_incident(
            title=title, services=[database] if "orders" in title else [],
            resolution=fix, status="resolved", quiet=True, **times,
        )  # fmt: skip
        link_cause(incident, create_cause(name=cause), state="confirmed")
    return database


def test_a_filed_incident_shows_cause_chart_and_log_lines_of_a_real_fault(
    past: Service, prometheus: str, world: tuple[str, Episodes], working: None,
    browser: Browser, live_server: Any, django_user_model: Any,
) -> None:  # fmt: skip
    Source.objects.create(name="Prometheus", kind="prometheus", settings={"url": prometheus})
    Source.objects.create(name="Loki", kind="loki", settings={"url": world[0]})
    page = sign_in(browser, live_server.url, django_user_model)
    problems: list[str] = []
    note_problems(page, problems)

    page.keyboard.press("n")
    page.type("[name=title]", "orders-db CPU high")
    expect(page.locator("#match .causes li").first).to_contain_text("Query without an index")
    began = time.monotonic()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/INC-\d+/"))
    expect(page.locator(".causes .cause").first).to_have_text("Query without an index")
    expect(page.locator(".causes > li").first).to_contain_text("Added the missing index")
    expect(page.locator("figure svg.chart").first).to_be_visible(timeout=15_000)
    assert time.monotonic() - began < 15
    expect(page.locator("#evidence .story")).to_contain_text("orders-db: cpu rose", timeout=15_000)
    expect(page.locator("#evidence")).to_contain_text("new log line", timeout=15_000)

    page.locator(".causes > li").first.get_by_role("button", name="This is it").click()
    expect(page.locator("#causes")).to_contain_text("confirmed")
    expect(page.locator("#timeline")).to_contain_text("Query without an index")
    assert not problems

    found = Finding.objects.get(kind="left_normal", term="cpu up")
    assert found.onset
    begin = world[1].of("orders-db", 0, time.time())[0].start
    # The fault itself takes 150 s to reach full force, and the query averages over 5 minutes.
    assert abs(found.onset.timestamp() - begin) < 120


def pages_of_knowledge(incident: Incident) -> list[str]:
    """Pages of a cause, a postmortem and what follows from them, each with something on it."""
    cause, later = Cause.objects.order_by("pk")[:2]
    for each in (cause, later):
        link_cause(incident, each, state="confirmed")
    chain_causes(incident, cause, later)
    mark_fixed(cause)
    postmortem = start_postmortem([incident])
    comment_on(postmortem, "Since when?")
    add_action(postmortem, title="Watch it", due_on=date(2026, 1, 1))
    own = postmortem.get_absolute_url()
    return [
        cause.get_absolute_url(), own, f"{own}edit/", f"{own}versions/?version=1",
        "/knowledge/postmortems/", "/knowledge/postmortems/new/", "/knowledge/actions/",
        "/knowledge/reports/", "/analysis/gaps/", "/analysis/search/?q=orders", "/notices/",
    ]  # fmt: skip


def pages_of_chat() -> list[str]:
    """Addresses of workspaces, rules and tokens, with some of each."""
    row = Workspace.objects.create(kind="slack", name="Slack")
    rule = NotificationRule.objects.create(workspace=row, channel="C1", events=["incident.filed"])
    file_incident(title="Sent to a channel")
    notifications.create_deliveries()
    own = row.get_absolute_url()
    return [
        "/tokens/", "/knowledge/chat/", "/knowledge/chat/me/", "/knowledge/chat/new/slack/", own,
        f"{own}edit/", f"{own}rules/{rule.pk}/",
    ]  # fmt: skip


def pages_of_people() -> list[str]:
    """Addresses of people, teams and tokens, with some of each."""
    team = Team.objects.create(name="Payments", description="Takes the money.")
    person = get_user_model().objects.create_user("ann", "ann@shop.example")
    give_role(person, Role.EDITOR)
    join_team(person, team)
    create_token(person, "laptop", days=30)
    GroupRule.objects.create(group="sre", role=Role.EDITOR, team=team)
    Invitation.objects.create(
        email="bob@shop.example", digest="0", expires_at=timezone.now() + timedelta(days=7)
    )
    return [
        "/people/", f"/people/{person.pk}/", "/people/invite/", "/people/groups/",
        "/people/tokens/", f"/teams/{team.pk}/",
    ]  # fmt: skip


VIOLATIONS = {"resultTypes": ["violations"]}
"""Of what is well, axe need not describe every element."""
LOOKS: list[tuple[int, Any, dict[str, Any]]] = [
    (1440, "light", VIOLATIONS),
    (390, "light", VIOLATIONS),
    (390, "dark", {**VIOLATIONS, "runOnly": ["color-contrast"]}),
]
"""Width, colours, and what axe checks: in the dark the pages differ in nothing but colours."""


@pytest.mark.timeout(480)
def test_the_pages_have_no_accessibility_faults_wide_and_on_a_phone_light_and_dark(
    past: Service, browser: Browser, live_server: Any, django_user_model: Any
) -> None:
    # Without motion: a colour that is still changing has no contrast to judge.
    page = sign_in(browser, live_server.url, django_user_model, reduced_motion="reduce")
    integration, _ = make("alertmanager")
    receiving.store(integration, {}, sample("alertmanager"))
    processing.process_waiting()
    newest = Incident.objects.order_by("-pk")[0]
    paths = [
        "/", "/new/", newest.get_absolute_url(), "/services/",
        "/services/graph/", "/services/import/", "/knowledge/history/import/",
        "/knowledge/causes/", "/alerts/",
        "/integrations/", integration.get_absolute_url(), "/integrations/new/generic/", "/rules/",
        past.get_absolute_url(), *pages_of_knowledge(newest), *pages_of_chat(),
        *pages_of_people(),
    ]  # fmt: skip
    for path in paths:
        page.goto(live_server.url + path)
        settle(page)
        page.evaluate(AXE_SCRIPT)
        for width, scheme, options in LOOKS:
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            page.emulate_media(color_scheme=scheme)
            found = AxeResults(page.evaluate("options => axe.run(options)", options))
            assert found.violations_count == 0, (path, width, found.generate_report())


def test_keys_move_and_open_rows(
    past: Service, browser: Browser, live_server: Any, django_user_model: Any
) -> None:
    page = sign_in(browser, live_server.url, django_user_model)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/INC-\d+/"))


def button_of_likely_cause(page: Page, live_server: Any, past: Service) -> Locator:
    """On the page of a new incident."""
    incident = file_incident(title="orders-db CPU high", services=[past])
    page.goto(live_server.url + incident.get_absolute_url())
    return page.locator(".causes > li").first.get_by_role("button", name="This is it")


def test_a_click_counts_though_its_button_is_replaced_before_the_answer(
    past: Service, browser: Browser, live_server: Any, django_user_model: Any
) -> None:
    page = sign_in(browser, live_server.url, django_user_model)
    button = button_of_likely_cause(page, live_server, past)
    expect(button).to_be_visible()

    def late(route: Route) -> None:
        # As when evidence arrives in between and the suggestions are shown anew.
        page.evaluate("document.getElementById('suggestions').replaceChildren()")
        route.continue_()

    page.route("**/link/", late)
    button.click()
    expect(page.locator("#causes")).to_contain_text("confirmed")
    expect(page.locator("#timeline")).to_contain_text("Query without an index")


def test_a_click_that_fails_says_so(
    past: Service, browser: Browser, live_server: Any, django_user_model: Any
) -> None:
    page = sign_in(browser, live_server.url, django_user_model)
    button = button_of_likely_cause(page, live_server, past)
    toast = page.locator("#toasts")
    page.route("**/link/", lambda route: route.abort())
    button.click()
    expect(toast).to_contain_text("The server cannot be reached.")
    page.unroute("**/link/")
    page.route("**/link/", lambda route: route.fulfill(status=503, body="<h1>Restarting</h1>"))
    button.click()
    expect(toast).to_contain_text("That did not work: the server answered 503.")
    expect(page.locator(".toast")).to_have_count(1)
    toast.get_by_role("button", name="Close").click()
    page.unroute("**/link/")
    button.click()
    expect(page.locator("#causes")).to_contain_text("confirmed")


def test_killed_workers_and_a_flushed_redis_lose_nothing(
    past: Service, server: Callable[..., str], celery: Callable[..., subprocess.Popen[bytes]],
    tmp_path: Any,
) -> None:  # fmt: skip
    def slow(request: Any) -> None:
        time.sleep(0.5)
        BEHAVIOURS["well"](request)

    templates = "\n".join(f"any | metric {n} | | m{n}{{$selector}}" for n in range(10))
    chosen = {"url": server(slow), "templates": templates}
    Source.objects.create(name="slow", kind="prometheus", settings=chosen)
    worker = celery("worker", "--concurrency", "2")
    incident = file_incident(title="orders-db CPU high", services=[past])
    wanted = incident.evidence_requests
    # The worker comes up, and the sweep or the message makes it plan and begin.
    planning.plan_evidence(incident)
    wait_for(lambda: wanted.filter(state="claimed").exists(), 30, "A claim")
    kill_group(worker)
    redis.Redis.from_url(settings.REDIS_URL).flushall()
    left = wanted.exclude(state="done").count()
    assert left >= 8
    # The half minute passes after which a worker that is silent counts as dead.
    orphans = wanted.filter(state="claimed", lease_until__gt=timezone.now())
    assert orphans.update(lease_until=F("lease_until") - pulling.LEASE)

    celery("worker", "--concurrency", "2")
    celery("beat", "--schedule", str(tmp_path / "beat"))
    done = EvidenceRequest.State.DONE
    wait_for(lambda: wanted.exclude(state=done).count() == 0, 60, "Complete evidence")
    assert Evidence.objects.filter(incident=incident).count() == 10
