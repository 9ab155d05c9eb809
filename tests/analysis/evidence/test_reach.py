"""Which services are pulled for an incident: near ones, and of these the likely ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.evidence import reach
from analysis.evidence.reach import nearness, ranked_by_shares, services_to_pull
from analysis.models import EvidenceRequest, Source
from incidents.filing import file_incident
from incidents.models import Alert, Change, Incident, Service


def test_nearer_services_and_those_with_several_ways_are_visited_more() -> None:
    calls = [(1, 2), (2, 3), (1, 4), (4, 3), (9, 1), (3, 7)]
    near = nearness(calls, [1])
    assert set(near) == {2, 3, 4, 9}
    assert near[2] > 0
    assert near[3] > near[2] / 2
    assert 7 not in near


def test_evidence_that_says_nothing_of_the_candidates_changes_nothing() -> None:
    assert ranked_by_shares([3, 5], [{3: 1.0, 5: 2.0}, {}, {8: 1.0}]) == [5, 3]


pytestmark = pytest.mark.django_db


@pytest.fixture
def wide() -> tuple[Service, dict[str, Service]]:
    """A gateway that calls forty services, each of which has a store."""
    gateway = Service.objects.create(name="gateway")
    others = {}
    for number in range(40):
        service = Service.objects.create(name=f"service-{number:02d}")
        store = Service.objects.create(name=f"store-{number:02d}", kind="postgresql")
        gateway.depends_on.add(service)
        service.depends_on.add(store)
        others[service.name], others[store.name] = service, store
    return gateway, others


def names(incident: Incident) -> list[str]:
    return [service.name for service in services_to_pull(incident)]


def test_of_forty_neighbours_those_that_alert_or_changed_are_pulled(
    wide: tuple[Service, dict[str, Service]],
) -> None:
    gateway, others = wide
    now = timezone.now()
    incident = file_incident(title="errors", services=[gateway])
    firing = {"source": "a 1", "name": "X", "starts_at": now - timedelta(minutes=4)}
    Alert.objects.create(fingerprint="1", service=others["store-33"], **firing)
    Change.objects.create(
        service=others["service-27"], title="27.1", started_at=now - timedelta(minutes=9)
    )
    pulled = names(incident)
    assert pulled[0] == "gateway"
    assert set(pulled[1:3]) == {"store-33", "service-27"}
    assert len(pulled) == 1 + reach.MAX_AROUND


def test_callers_two_hops_up_are_pulled_too(db: None) -> None:
    chain = [Service.objects.create(name=name) for name in ("web", "orders", "orders-db")]
    chain[0].depends_on.add(chain[1])
    chain[1].depends_on.add(chain[2])
    assert names(file_incident(title="slow", services=[chain[2]])) == ["orders-db", "orders", "web"]


def test_who_was_in_past_incidents_or_shares_a_node_is_pulled_without_any_call_graph(
    db: None,
) -> None:
    api, cache, batch, _ = (
        Service.objects.create(name=name) for name in ("api", "cache", "batch", "unrelated")
    )
    long_ago = timezone.now() - timedelta(days=3)
    file_incident(
        title="both", services=[api, cache], status="resolved",
        impact_started_at=long_ago, resolved_at=long_ago + timedelta(hours=1),
    )  # fmt: skip
    for service in (api, batch):
        Alert.objects.create(
            source="a 1", fingerprint=service.name, name="X", service=service, starts_at=long_ago,
            labels={"instance": "10.0.0.7:9100"}, status="resolved", ends_at=timezone.now(),
        )  # fmt: skip
    assert set(names(file_incident(title="slow", services=[api]))) == {"api", "batch", "cache"}


def test_a_private_past_incident_says_nothing(db: None) -> None:
    api, cache = (Service.objects.create(name=name) for name in ("api", "cache"))
    file_incident(title="both", services=[api, cache], private=True)
    assert names(file_incident(title="slow", services=[api])) == ["api"]


def test_more_services_that_join_do_not_make_the_circle_wider(
    wide: tuple[Service, dict[str, Service]],
) -> None:
    gateway, _ = wide
    incident = file_incident(title="errors", services=[gateway])
    source = Source.objects.create(name="p", kind="prometheus")
    now = timezone.now()
    for service in services_to_pull(incident):
        EvidenceRequest.objects.create(
            incident=incident, source=source, service=service, what="cpu", query="x",
            window_start=now - timedelta(hours=1), window_end=now,
        )  # fmt: skip
    assert names(incident) == ["gateway"]
