"""The practice data of the demo shop: objectives, readiness, load tests, drills, verdicts."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from incidents.models import Incident, Service
from practice import onboarding_board, practice_map
from practice.models import Capacity, Drill, Practice, Slo
from practice.readiness import reviews
from practice.records import load_tests

OBJECTIVES = {
    "checkout": "99.9",
    "storefront": "99.9",
    "orders": "99.9",
    "payments": "99.95",
    "catalog": "99.5",
    "search": "99.5",
}
ON_CALL = {
    "Storefront": "Storefront rota",
    "Orders": "Orders rota",
    "Payments": "Payments rota",
    "Platform": "Platform rota",
}
DOCUMENTED = ("checkout", "payments", "orders-db", "storefront")
PHASES = {
    "checkout": ["done", "done", "done", "done", "doing"],
    "payments": ["done", "done", "done", "done", "done"],
    "orders-db": ["done", "doing"],
    "storefront": ["done", "skipped", "doing"],
    "catalog": ["doing"],
}
VERDICTS = [
    ("Service level objectives", "adopted", "", 0),
    ("Error budget policy", "adopted", "", 0),
    ("Burn rate alerts", "adopted", "", 0),
    ("Blameless postmortems", "adopted", "", 0),
    ("Shared root causes", "adopted", "", 0),
    ("Production readiness reviews", "adopted", "", 0),
    ("Tiers", "adopted", "", 0),
    ("Canary releases", "not-now", "The pipeline cannot split traffic yet.", 60),
    ("Game days", "not-now", "First the runbooks, then the drills.", -3),
    ("Tracing", "not-now", "Sampled in the payment path only until storage is sorted.", 90),
    ("Change calendar", "no", "Deploys and flags are already shown beside incidents.", 0),
]


def load_practice(services: Mapping[str, Service]) -> None:
    _describe(services)
    for name, target in OBJECTIVES.items():
        label = f'service="{name}"'
        slo = Slo.objects.create(
            service=services[name],
            name="availability",
            description="Requests that are not answered with an error.",
            target=Decimal(target),
            numerator=f'sum(rate(http_requests_total{{{label},code=~"5.."}}[$window]))',
            total=f"sum(rate(http_requests_total{{{label}}}[$window]))",
        )
        slo.full_clean()
    Slo.objects.create(
        service=services["checkout"],
        name="latency",
        description="Requests answered within half a second.",
        target=Decimal("99"),
        counts=Slo.Counts.GOOD,
        numerator='sum(rate(http_request_duration_seconds_bucket{service="checkout",le="0.5"}'
        "[$window]))",
        total='sum(rate(http_request_duration_seconds_bucket{service="checkout",le="+Inf"}'
        "[$window]))",
    )
    label = '{service="orders-db"}'
    Capacity.objects.create(
        service=services["orders-db"],
        what="disk",
        query=f"max(1 - node_filesystem_avail_bytes{label} / node_filesystem_size_bytes{label})",
    )
    Capacity.objects.create(
        service=services["orders-db"],
        what="connections",
        limit=200,
        unit="",
        query=f"sum(pg_stat_activity_count{label})",
    )
    _load_tests(services["checkout"])
    for name, days in (("orders-db", 34), ("payments-db", 130)):
        Drill.objects.create(
            service=services[name],
            at=timezone.now() - timedelta(days=days),
            notes="Restored last night's backup to a spare instance; row counts agree.",
        )
    for incident in Incident.objects.order_by("-impact_started_at")[:12]:
        reviews.find_gaps(incident)
    _onboard(services)
    for name, word, note, days in VERDICTS:
        day = timezone.now().date() + timedelta(days=days) if days else None
        practice_map.set_verdict(Practice.objects.get(name=name), "", word, note, day, None)


def _describe(services: Mapping[str, Service]) -> None:
    for name, service in services.items():
        service.on_call = ON_CALL.get(service.owner_team, "")
        if name in DOCUMENTED:
            service.runbook_url = f"https://wiki.shop.example/runbooks/{name}"
            service.dashboards = f"https://grafana.shop.example/d/{name}"
        if service.kind == Service.Kind.HTTP:
            service.repositories = f"https://git.shop.example/shop/{name}"
        service.save()


def _load_tests(service: Service) -> None:
    """A dozen releases about as fast as each other, and one that is not."""
    chance = random.Random(11)
    for number in range(13):
        slow = 1.35 if number == 12 else 1.0
        median = 64 * slow * chance.uniform(0.97, 1.03)
        summary = {
            "metrics": {
                "http_req_duration": {
                    "med": median,
                    "p(95)": median * 3.1 * chance.uniform(0.97, 1.03),
                    "p(99)": median * 5.2 * chance.uniform(0.95, 1.05),
                },
                "http_reqs": {"count": 90_000, "rate": 150 / slow * chance.uniform(0.98, 1.02)},
                "http_req_failed": {"value": 0.0004},
            }
        }
        at = timezone.now() - timedelta(days=7 * (13 - number) - 5)
        load_tests.import_load_test(
            service, "k6", json.dumps(summary), release=f"4.{20 + number}", scenario="peak", at=at
        )


def _onboard(services: Mapping[str, Service]) -> None:
    for name, states in PHASES.items():
        for phase, state in zip(onboarding_board.Phase.values, states, strict=False):
            evidence = "See the records of this service." if state == "done" else ""
            onboarding_board.set_phase(services[name], phase, state, None, evidence)
    for name in ("payments", "checkout"):
        review = reviews.start_review(services[name], None)
        open_items = review.checklist.items.exclude(
            pk__in=review.answers.values_list("item", flat=True)
        )
        for item in open_items:
            verdict = "no" if "degrade" in item.question else "yes"
            reviews.answer_item(
                review, item, None, verdict=verdict, note="As shown to the reviewers."
            )
        if name == "payments":
            reviews.close_review(review)
