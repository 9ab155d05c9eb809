"""The main pages appear as before: screenshots, scaled down, beside those in `appearance/`.

docs/development.md says how to draw these again after a change that is meant.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management.color import no_style
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from analysis.models import Evidence, EvidenceRequest, Finding, Source
from incidents.filing import file_incident
from incidents.models import Change, Incident, Service, TierPolicy
from kb.causes.linking import create_cause, link_cause
from kb.models import Cause, Check, Postmortem
from kb.postmortems.action_items import add_action
from kb.postmortems.editing import start_postmortem
from people.models import Team
from practice.models import Slo
from tests.e2e.test_main_job import sign_in

pytestmark = pytest.mark.e2e
BEFORE = Path(__file__).parent / "appearance"
NOW = datetime(2026, 3, 10, 3, 2, tzinfo=UTC)
SIZES = {"wide": (1440, 1200), "phone": (390, 1600)}
CELL = 10
"""Pixels of a page that are one of its stored screenshot: letters blur, boxes stay."""
NOTICED = 12
"""From this difference of 255 on, a cell has changed. The shape of letters alone stays below."""
MOST_CHANGED = 0.008
"""Of all cells. A figure or a reference that changes is less, a card that is missing is more."""
Pixels = NDArray[np.int16]


@dataclass
class Shop:
    """Records with a page of their own."""

    incident: Incident
    cause: Cause
    postmortem: Postmortem
    service: Service

    def pages(self) -> dict[str, str]:
        return {
            "home": "/home/",
            "incidents": "/",
            "incident": self.incident.get_absolute_url(),
            "filing": "/new/",
            "causes": "/knowledge/causes/",
            "cause": self.cause.get_absolute_url(),
            "postmortem": self.postmortem.get_absolute_url(),
            "services": "/services/",
            "service": self.service.get_absolute_url(),
            "reports": "/knowledge/reports/",
        }


POSTMORTEMS_FOR = {"core": "SEV1, SEV2, SEV3", "supplementary": "SEV1"}
HISTORY = [
    ("orders-db", "orders-db cpu pegged at 97%", "Query without an index", "Added the index", 90),
    ("orders-db", "orders-db slow after release", "Query without an index", "Added the index", 41),
    ("orders-db", "too many connections", "Connection leak", "Restarted invoices", 33),
    ("checkout", "checkout answers with 502", "Connection leak", "Restarted checkout", 12),
    ("mailer", "mailer queue is late", "Consumer stuck", "Restarted the consumer", 5),
]


@pytest.fixture
def shop(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A small shop with a history and a fault under way, at a time that does not pass."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), [Incident, Postmortem]):
            cursor.execute(sql)
    for tier, severities in POSTMORTEMS_FOR.items():
        # An earlier test may have emptied the tables that migrations filled.
        TierPolicy.objects.update_or_create(tier=tier, defaults={"postmortem_for": severities})
    services = {
        name: Service.objects.create(name=name, kind=kind, tier=tier, owner=Team.named("Orders"))
        for name, kind, tier in (
            ("orders-db", "postgresql", "core"), ("checkout", "http", "core"),
            ("mailer", "worker", "supplementary"),
        )
    }  # fmt: skip
    services["checkout"].depends_on.add(services["orders-db"])
    Slo.objects.create(
        service=services["checkout"], name="availability", target="99.9", numerator="x", total="y"
    )
    for name, title, caused_by, fix, days in HISTORY:
        _past_incident(services[name], title, caused_by, fix, NOW - timedelta(days=days))
    Change.objects.create(
        service=services["orders-db"], title="orders-db 5.1", version="5.1",
        started_at=NOW - timedelta(minutes=24), finished_at=NOW - timedelta(minutes=22),
    )  # fmt: skip
    running = file_incident(
        title="orders-db CPU high", services=[services["orders-db"]], severity="SEV2",
        symptom="Orders take ten seconds.", impact_started_at=NOW - timedelta(minutes=12),
    )  # fmt: skip
    pulled_series(running, services["orders-db"], NOW)
    cause = Cause.objects.get(name="Query without an index")
    Check.objects.create(cause=cause, source="Prometheus", name="Scans", query="x", threshold=5)
    postmortem = start_postmortem([Incident.objects.order_by("pk")[0]])
    add_action(postmortem, title="Watch new queries", due_on=NOW.date(), cause=cause)
    return Shop(running, cause, postmortem, services["orders-db"])


def _past_incident(service: Service, title: str, cause: str, fix: str, at: datetime) -> None:
    times: dict[str, Any] = {"impact_started_at": at, "resolved_at": at + timedelta(hours=1)}
    incident = file_incident(
        title=title, services=[service], resolution=fix, status="resolved", quiet=True, **times
    )
    known = Cause.objects.filter(name=cause).first()
    link_cause(incident, known or create_cause(name=cause), state="confirmed")


def pulled_series(incident: Incident, service: Service, now: datetime) -> None:
    """A curve that leaves its normal range eleven minutes before `now`."""
    source = Source.objects.create(name="Prometheus", kind="prometheus", enabled=False)
    same: dict[str, Any] = {
        "incident": incident, "service": service, "what": "cpu", "unit": "%", "query": "cpu",
        "window_start": now - timedelta(hours=3), "window_end": now,
    }  # fmt: skip
    request = EvidenceRequest.objects.create(source=source, state="done", **same)
    evidence = Evidence(request=request, kind="series", source_name="Prometheus", **same)
    times = np.arange(now.timestamp() - 3 * 3600, now.timestamp(), 60)
    values = 30 + 4 * np.sin(times / 500) + np.where(times > now.timestamp() - 660, 55, 0)
    evidence.freeze([{"labels": {}, "times": times.tolist(), "values": values.tolist()}])
    evidence.save()
    Finding.objects.create(
        incident=incident, evidence=evidence, service=service, kind="left_normal", term="cpu up",
        text="orders-db: cpu rose from 30 % to 85 %", onset=now - timedelta(minutes=11),
        score=9, data={"low": 25, "high": 35},
    )  # fmt: skip


class Scaler:
    """Scales screenshots down, in a page of the browser that made them."""

    SCRIPT = """async ([png, cell]) => {
        const stored = await (await fetch(`data:image/png;base64,${png}`)).blob();
        const full = await createImageBitmap(stored);
        const [width, height] = [full.width / cell, full.height / cell].map(Math.round);
        const options = { resizeWidth: width, resizeHeight: height, resizeQuality: "high" };
        const canvas = new OffscreenCanvas(width, height);
        const context = canvas.getContext("2d");
        context.drawImage(await createImageBitmap(full, options), 0, 0);
        const text = async (blob) => {
            const bytes = new Uint8Array(await blob.arrayBuffer());
            return btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(""));
        };
        const pixels = context.getImageData(0, 0, width, height).data;
        const smaller = await canvas.convertToBlob();
        return [width, height, await text(new Blob([pixels])), await text(smaller)];
    }"""

    def __init__(self, browser: Browser) -> None:
        self.page = browser.new_context().new_page()

    def scaled(self, png: bytes, cell: int = CELL) -> tuple[Pixels, bytes]:
        """Its pixels (height × width × 3), and itself as PNG."""
        given = base64.b64encode(png).decode()
        width, height, pixels, smaller = self.page.evaluate(self.SCRIPT, [given, cell])
        flat = np.frombuffer(base64.b64decode(pixels), np.uint8)
        shaped = flat.reshape(height, width, 4)[..., :3].astype(np.int16)
        return shaped, base64.b64decode(smaller)


def changed_share(before: Pixels, after: Pixels) -> float:
    """Which share of the cells has another colour; all of them if the sizes differ."""
    if before.shape != after.shape:
        return 1.0
    return float((np.abs(before - after).max(axis=2) >= NOTICED).mean())


def wait_for_parts(page: Page) -> None:
    """Until all parts that the page loads by itself are there, and nothing follows from them."""
    calm = 0
    for _ in range(250):
        calm = 0 if page.locator(".htmx-request").count() else calm + 1
        if calm == 4:
            return
        page.wait_for_timeout(40)
    pytest.fail(f"{page.url} does not come to rest.")


def screenshot(page: Page, size: str) -> bytes:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    return page.screenshot(animations="disabled")


def test_the_main_pages_appear_as_before_and_what_is_missing_is_noticed(
    shop: Shop, browser: Browser, live_server: Any, django_user_model: Any, tmp_path: Path
) -> None:
    page = sign_in(browser, live_server.url, django_user_model, reduced_motion="reduce")
    page.clock.set_fixed_time(NOW)
    scaler, changed = Scaler(browser), {}
    for name, path in shop.pages().items():
        page.goto(live_server.url + path)
        wait_for_parts(page)
        for size in SIZES:
            shown = screenshot(page, size)
            after, smaller = scaler.scaled(shown)
            file = BEFORE / f"{name}-{size}.png"
            if os.environ.get("CAUSEBOOK_TEST_RENEW"):
                file.write_bytes(smaller)
            before, _ = scaler.scaled(file.read_bytes(), 1)
            share = changed_share(before, after)
            if share > MOST_CHANGED:
                (tmp_path / file.name).write_bytes(shown)
                changed[file.name] = f"{share:.1%} of it"
        if name == "incident":
            _what_breaks_is_noticed(page, size, scaler, before)
    assert changed == {}, (
        f"The pages as they are now: {tmp_path}. On purpose? See docs/development.md."
    )


def _what_breaks_is_noticed(page: Page, size: str, scaler: Scaler, before: Pixels) -> None:
    """A hidden card and a lost style sheet; a counted minute is none of it."""
    breaks = {
        "a card is hidden": "document.querySelector('main .card').style.visibility = 'hidden'",
        "no style sheet": "for (const each of document.styleSheets) each.disabled = true",
    }
    page.evaluate("document.querySelector('[data-ticks]').firstChild.data = '59 min 58 s'")
    ticked, _ = scaler.scaled(screenshot(page, size))
    assert changed_share(before, ticked) < MOST_CHANGED
    for what, script in breaks.items():
        page.evaluate(script)
        broken, _ = scaler.scaled(screenshot(page, size))
        assert changed_share(before, broken) > 2 * MOST_CHANGED, (what, size)
