"""Which services' evidence is pulled for an incident: its own, and the likeliest around them.

Services around are those within two hops of the call graph, either way, those that share a node or
a namespace, and those that past incidents had in common. Each kind of evidence gives every one of
them a share; the shares are multiplied, each with one uniform share added, as in
analysis.core.origin_ranking: evidence that is silent about a service does not rule it out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from math import log

from django.db.models import Min, Q

from incidents.catalogue.dependencies import dependency_pairs
from incidents.models import Alert, Change, Incident, Service

MAX_OWN, MAX_AROUND = 20, 10
"""Services of the incident and around them that are pulled at most."""
HOPS = 2
PLACES = ("node", "nodename", "kubernetes_node", "host", "hostname", "instance", "namespace")
"""Labels of alerts that say where something runs."""
CHANGED_BEFORE = timedelta(hours=6)
REMEMBERED = timedelta(days=30)
"""How long what an alert's labels say of where a service runs is used."""
MAX_ALERTS, MAX_PAST = 2000, 500

Shares = Mapping[int, float]


def services_to_pull(incident: Incident) -> list[Service]:
    """The incident's services, those that alerted first before others, then the likeliest around.

    A service that was pulled before counts, so that their number stays bounded while more join.
    """
    own = own_services(incident)
    keys = {service.pk for service in own}
    pulled = set(
        incident.evidence_requests.exclude(service=None).values_list("service_id", flat=True)
    )
    around = [key for key in rank_around(incident, keys) if key not in pulled]
    chosen = around[: max(0, MAX_AROUND - len(pulled - keys))]
    by_key = Service.objects.in_bulk(chosen)
    return own + [by_key[key] for key in chosen if key in by_key]


def own_services(incident: Incident) -> list[Service]:
    """The incident's own services; those that alerted come first, in that order."""
    first_alert = Min("alerts__starts_at", filter=Q(alerts__incident=incident))
    services = incident.services.annotate(first_alert=first_alert)
    return list(services.order_by("first_alert", "name")[:MAX_OWN])


def rank_around(incident: Incident, own: Collection[int]) -> list[int]:
    """Keys of services around `own`, likeliest first."""
    if not own:
        return []
    near = nearness(dependency_pairs(), own)
    places = _sharing_places(incident, own)
    past = _in_past_incidents(incident, own)
    around = sorted({*near, *places, *past} - set(own))
    if not around:
        return []
    alerting = Alert.objects.filter(status=Alert.Status.FIRING, service__in=around)
    began = incident.impact_started_at
    changed = (
        Change.objects.counting()
        .filter(service__in=around, started_at__gte=began - CHANGED_BEFORE)
        .exclude(started_at__gt=incident.resolved_at or began + timedelta(days=1))
    )
    kinds: list[Shares] = [
        near,
        places,
        past,
        _evenly(alerting.values_list("service_id", flat=True)),
        _evenly(changed.values_list("service_id", flat=True)),
    ]
    return ranked_by_shares(around, kinds)


def ranked_by_shares(candidates: Collection[int], kinds: Iterable[Shares]) -> list[int]:
    """Candidates by the product of their shares of each kind of evidence, the largest first.

    Within a kind, shares are made to sum to one over the candidates; a kind that says nothing about
    any of them has no say.
    """
    uniform = 1 / max(1, len(candidates))
    scores = dict.fromkeys(candidates, 0.0)
    for shares in kinds:
        whole = sum(shares.get(key, 0.0) for key in candidates)
        if whole <= 0:
            continue
        for key in candidates:
            scores[key] += log(shares.get(key, 0.0) / whole + uniform)
    return sorted(candidates, key=lambda key: (-scores[key], key))


def nearness(calls: Iterable[tuple[int, int]], own: Collection[int]) -> dict[int, float]:
    """How often a walk of HOPS steps from `own` along calls, either way, visits each other service.

    One of three neighbours is visited more often than one of thirty, a neighbour more often than
    a neighbour's neighbour, and one with several ways to it more often than one with one.
    """
    neighbours: dict[int, set[int]] = {}
    for caller, callee in calls:
        neighbours.setdefault(caller, set()).add(callee)
        neighbours.setdefault(callee, set()).add(caller)
    visits: defaultdict[int, float] = defaultdict(float)
    at = dict.fromkeys(own, 1 / max(1, len(own)))
    for _ in range(HOPS):
        following: defaultdict[int, float] = defaultdict(float)
        for key, share in at.items():
            for neighbour in neighbours.get(key, ()):
                following[neighbour] += share / len(neighbours[key])
                visits[neighbour] += share / len(neighbours[key])
        at = following
    return {key: share for key, share in visits.items() if key not in own}


def _evenly(keys: Iterable[int | None]) -> dict[int, float]:
    return {key: 1.0 for key in keys if key is not None}


def _sharing_places(incident: Incident, own: Collection[int]) -> dict[int, float]:
    """Services whose alerts named the same node or namespace; a place that few share says more."""
    alerts = Alert.objects.filter(
        service__isnull=False, starts_at__gte=incident.impact_started_at - REMEMBERED
    ).exclude(incident__private=True)
    labelled = alerts.filter(labels__has_any_keys=list(PLACES)).order_by("-starts_at")
    inside: dict[tuple[str, str], set[int]] = {}
    for service, labels in labelled.values_list("service_id", "labels")[:MAX_ALERTS]:
        for name in PLACES:
            if labels.get(name):
                place = (name, str(labels[name]).partition(":")[0])
                inside.setdefault(place, set()).add(service)
    own_places = {place for place, services in inside.items() if services & set(own)}
    shares: defaultdict[int, float] = defaultdict(float)
    for place in own_places:
        others = inside[place] - set(own)
        for service in others:
            shares[service] += 1 / len(others)
    return dict(shares)


def _in_past_incidents(incident: Incident, own: Collection[int]) -> dict[int, float]:
    """Services that earlier incidents of `own` had too, by how many. Private ones do not count."""
    past = (
        Incident.objects.filter(services__in=own, private=False)
        .filter(impact_started_at__lt=incident.impact_started_at)
        .exclude(pk=incident.pk)
        .order_by("-impact_started_at", "-pk")
    )
    keys = list(dict.fromkeys(past.values_list("pk", flat=True)[:MAX_PAST]))
    pairs = Incident.services.through.objects.filter(incident__in=keys)
    others = pairs.exclude(service__in=own).values_list("service_id", flat=True)
    return dict(Counter(others))
