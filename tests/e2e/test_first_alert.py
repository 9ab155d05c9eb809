"""A stranger's first alert: an empty catalogue, no labels beyond job and instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Browser, Locator, expect

from analysis.models import Evidence, Finding, Source
from incidents.models import Alert, Incident, Service
from tests.e2e.conftest import save_screenshot, wait_for
from tests.e2e.monitored import Start, monitored
from tests.incidents.signed_requests import make

__all__ = ["monitored"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

RULES = """
groups:
  - name: shop
    rules:
      - alert: CPUSaturated
        expr: avg by (job, instance) (shop_cpu) > 90
        annotations: {summary: "CPU is saturated, orders wait for the database"}
      - alert: ManyErrors
        expr: shop_errors > 5
        annotations: {summary: "Orders fail"}
"""

PAST = {
    "2026-02-11-orders-slow": """---
title: CPU saturated while orders waited for the database
date: 2026-02-11
resolved_at: 2026-02-11T14:00:00Z
causes: [Missing index on order_lines]
resolution: Created the index on order_lines concurrently.
---
CPU of the shop was saturated for an hour. Orders waited for the database, because a query on
order_lines read the whole table after the release.
""",
    "2026-03-02-certificate": """---
title: Certificate of the partner API expired
date: 2026-03-02
resolved_at: 2026-03-02T09:30:00Z
causes: [Certificate not renewed]
resolution: Renewed the certificate by hand.
---
Calls to the partner failed with a TLS handshake error. The renewal job had been off for weeks.
""",
    "2026-04-20-disk-full": """---
title: Disk of the log collector full
date: 2026-04-20
resolved_at: 2026-04-20T20:00:00Z
causes: [Log rotation disabled]
resolution: Turned log rotation on again.
---
The collector stopped writing when its volume ran out of space.
""",
}


def test_the_first_alert_finds_its_graph_its_past_cause_and_its_service(
    monitored: Start, working: None, browser: Browser, live_server: Any, tmp_path: Path
) -> None:
    history = tmp_path / "postmortems"
    history.mkdir()
    for name, text in PAST.items():
        (history / f"{name}.md").write_text(text)
    call_command("import_knowledge", "markdown", str(history))
    assert not Service.objects.exists()
    integration, secret = make("alertmanager")
    address, exporter = monitored(integration.slug, secret, RULES, past_hours=3)
    Source.objects.create(name="Prometheus", kind="prometheus", settings={"url": address})

    exporter.values["cpu"] = 97.0
    incident: Incident = wait_for(
        lambda: Incident.objects.filter(external_id="").first(), 60, "Opening"
    )
    # On a busy machine a scrape may fail, and the alert fires anew.
    alert = Alert.objects.earliest("starts_at")
    assert set(alert.labels) == {"alertname", "job", "instance"}
    own = {"incident": incident, "what": "shop_cpu"}
    wait_for(lambda: Evidence.objects.filter(**own).exists(), 60, "The alert's own graph")
    evidence = Evidence.objects.get(**own)
    found: Finding = wait_for(lambda: evidence.findings.first(), 10, "Its finding")
    print(
        f"\nSeconds from the alert's start: incident {_since(alert, incident.created_at)}, "
        f"own graph {_since(alert, evidence.taken_at)}"
    )
    assert found.onset
    assert abs((found.onset - alert.starts_at).total_seconds()) < 60

    User.objects.create_superuser("admin", password="pass-for-tests")
    page = browser.new_context(viewport={"width": 1360, "height": 1500}).new_page()
    page.goto(f"{live_server.url}/sign-in/?next={incident.get_absolute_url()}")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "pass-for-tests")
    page.click("main button")
    chart = page.locator("figure", has_text="instance 127.0.0.1").filter(has_text="shop_cpu").first
    expect(chart).to_contain_text("fires at > 90", timeout=20_000)
    assert chart.locator(".level").count() == 1
    assert chart.locator(".onset").count() == 1
    causes = page.locator("#suggestions")
    expect(causes).to_contain_text("Missing index on order_lines", timeout=20_000)
    print("Seconds until it was read:", _since(alert, timezone.now()))
    save_screenshot(page, "first-alert")
    why = causes.locator("details[id^=why-]").first
    wait_for(lambda: _opened(why), 20, "The reasons")
    expect(why).to_contain_text("saturated", ignore_case=True)

    page.click("text=Add service shop")
    expect(page.locator("main")).to_contain_text("guesses")
    service = Service.objects.get()
    assert list(incident.services.all()) == [service]
    assert service.telemetry_labels == "job=shop"
    by_name = Evidence.objects.filter(incident=incident, service=service, query__contains="job=")
    wait_for(lambda: by_name.exists(), 60, "Evidence of the service")
    save_screenshot(page, "first-alert-added")

    exporter.values["errors"] = 9.0
    second = Alert.objects.filter(name="ManyErrors")
    wait_for(lambda: second.exists(), 60, "The second alert")
    assert second.earliest("starts_at").service == service


def _opened(details: Locator) -> bool:
    """Open it; a click is lost where its part of the page is loaded again at that moment."""
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    return details.get_attribute("open") is not None


def _since(alert: Alert, at: Any) -> float:
    return round((at - alert.starts_at).total_seconds(), 1)
