"""Many incidents at once: every request of theirs ends, once, with data or with a reason."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from analysis.models import Evidence, EvidenceRequest, Source
from incidents.filing import file_incident
from incidents.models import Service
from tests.e2e.conftest import wait_for
from tests.misbehaving_server import BEHAVIOURS

pytestmark = pytest.mark.e2e
INCIDENTS = int(os.environ.get("CAUSEBOOK_TEST_STORM", "8"))
# No pace, and nothing is pulled again while the storm is counted.
UNPACED = {"per_minute": 100_000, "at_once": 8, "pulls_per_incident": 1}


@pytest.mark.timeout(3600)
def test_every_request_of_a_storm_ends_once_though_sources_hang_and_fail(
    transactional_db: None,
    server: Callable[..., str],
    working: None,
    record_property: Callable[[str, object], None],
) -> None:
    queries: Counter[str] = Counter()

    def well(request: Any) -> None:
        if "query_range" in request.path:  # Services are looked for by schedule, too.
            queries[request.path] += 1
        BEHAVIOURS["well"](request)

    three = "\n".join(f"any | metric {n} | | m{n}{{$selector}}" for n in range(3))
    one = "any | cpu | | x{$selector}"
    for name, behaviour, templates in (
        ("good", well, three), ("broken", "500", one), ("hanging", "hang-long", one),
    ):  # fmt: skip
        url = server(behaviour)
        settings = {"url": url, "templates": templates, **UNPACED}
        Source.objects.create(name=name, kind="prometheus", settings=settings)
    services = [Service.objects.create(name=f"service-{n}", kind="http") for n in range(50)]
    began = time.monotonic()
    for n in range(INCIDENTS):
        file_incident(title=f"service-{n % 50} is slow", services=[services[n % 50]])
    filed = time.monotonic() - began
    requests = EvidenceRequest.objects
    total = INCIDENTS * 5

    def finished() -> bool:
        left = requests.filter(state__in=["waiting", "claimed"]).count()
        return not left and requests.count() == total

    wait_for(finished, 120 + INCIDENTS * 2, "The end of the storm")
    took = time.monotonic() - began
    assert requests.filter(source__name="good", state="done").count() == INCIDENTS * 3
    for name, reason in (("broken", "500"), ("hanging", "did not answer")):
        ended = requests.filter(source__name=name)
        assert ended.filter(state="failed", error__contains=reason).count() == INCIDENTS
    assert Evidence.objects.values("request").distinct().count() == Evidence.objects.count()
    # Each is queried for the window and for two earlier days, and never twice.
    assert sum(queries.values()) == INCIDENTS * 3 * 3
    record_property("filed seconds", round(filed, 1))
    record_property("drained seconds", round(took, 1))
    print(f"{INCIDENTS} incidents filed in {filed:.1f} s, {total} requests ended in {took:.1f} s")
