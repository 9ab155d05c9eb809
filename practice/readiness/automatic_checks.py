"""Answers to readiness questions that the product can know by itself, with what shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from analysis.evidence.source_plugins import plugin_of
from analysis.models import Source
from analysis.sources.base import SourceError, Target, Window
from incidents.catalogue.dependencies import leaning
from incidents.models import Alert, Service
from kb.models import ActionItem
from practice.models import Drill, LoadTest

RECENT_ALERT = timedelta(days=180)
RECENT_DRILL = timedelta(days=90)
RECENT_TEST = timedelta(days=90)
DEADLINE = 3.0


@dataclass(frozen=True)
class Known:
    """A verdict ("yes", "no" or "n/a") and what shows it, in words and perhaps an address."""

    verdict: str
    note: str
    evidence: str = ""


Check = Callable[[Service], Known]
CHECKS: dict[str, tuple[str, Check]] = {}
"""By key: what it looks at, and the check."""


def check(key: str, what: str) -> Callable[[Check], Check]:
    def add(function: Check) -> Check:
        CHECKS[key] = what, function
        return function

    return add


def _yes(holds: bool, yes: str, no: str, evidence: str = "") -> Known:
    return Known("yes", yes, evidence) if holds else Known("no", no)


@check("owner", "a team owns it")
def owner(service: Service) -> Known:
    return _yes(bool(service.owner_team), f"Owned by {service.owner_team}.", "No team is named.")


@check("on-call", "on-call is named")
def on_call(service: Service) -> Known:
    return _yes(bool(service.on_call), f"{service.on_call} is called.", "Nobody is named.")


@check("runbook", "it has a runbook")
def runbook(service: Service) -> Known:
    return _yes(bool(service.runbook_url), "Linked.", "No runbook is linked.", service.runbook_url)


@check("repository", "its repository is known")
def repository(service: Service) -> Known:
    found = service.repository_links
    return _yes(bool(found), "Linked.", "No repository is linked.", (found or [""])[0])


@check("dashboard", "it has a dashboard")
def dashboard(service: Service) -> Known:
    found = service.dashboard_links
    return _yes(bool(found), "Linked.", "No dashboard is linked.", (found or [""])[0])


@check("metrics", "its metrics answer now")
def metrics(service: Service) -> Known:
    """Asks each source of metrics the first query it has for such a service."""
    now = timezone.now()
    window = Window(now - timedelta(minutes=30), now)
    trouble = "No source of metrics is set up."
    for source in Source.objects.filter(enabled=True):
        try:
            plugin = plugin_of(source)
            queries = plugin.queries(Target(service.name, service.kind))
            if plugin.items != "series" or not queries:
                continue
            if plugin.pull(queries[0], window, DEADLINE).items:
                return Known("yes", f"{source} answers: {queries[0].what}.")
            trouble = f"{source} knows no series for it."
        except SourceError as error:
            trouble = f"{source}: {error}"
    return Known("no", trouble[:500])


@check("alert", "an alert has fired for it")
def alert(service: Service) -> Known:
    since = timezone.now() - RECENT_ALERT
    # Not those of private incidents: their names could tell of them.
    seen = Alert.objects.filter(Q(incident=None) | Q(incident__private=False), service=service)
    found = seen.filter(starts_at__gte=since).first()
    if found is None:
        return Known("no", f"None in {RECENT_ALERT.days} days: nothing shows that one would.")
    return Known("yes", f"{found.name} on {found.starts_at:%Y-%m-%d}.")


@check("dependencies", "its dependencies are declared")
def dependencies(service: Service) -> Known:
    found = list(service.depends_on.values_list("name", flat=True))
    if found:
        return Known("yes", f"Needs {', '.join(found[:10])}.")
    used = service.needed_by.exists()
    return Known("n/a", "Others need it; it needs none.") if used else Known("no", "None is told.")


@check("tiers", "it leans on nothing of a lesser tier")
def tiers(service: Service) -> Known:
    if service.tier != Service.Tier.CORE:
        return Known("n/a", "Asked of core services only.")
    rows = Service.objects.prefetch_related("depends_on")
    needs = {row.name: [other.name for other in row.depends_on.all()] for row in rows}
    kinds = {row.name: row.tier for row in rows if row.tier != Service.Tier.CORE}
    found = leaning(needs, {**kinds, service.name: "core"})
    return _yes(not found, "No supplementary service is on its path.", "; ".join(map(str, found)))


@check("slo", "it has an objective that is measured")
def slo(service: Service) -> Known:
    found = service.slos.filter(enabled=True)
    measured = [each for each in found if each.pulled_until]
    if measured:
        return Known("yes", f"{measured[0].name}: {measured[0].target.normalize():f} %.")
    return Known("no", "One is set but nothing is counted." if found else "None is set.")


@check("load-test", "a load test was run lately")
def load_test(service: Service) -> Known:
    found = LoadTest.objects.filter(service=service, at__gte=timezone.now() - RECENT_TEST).first()
    none = f"None in {RECENT_TEST.days} days."
    return (
        Known("yes", f"{found} on {found.at:%Y-%m-%d}.", found.url) if found else Known("no", none)
    )


@check("restore", "a restore was rehearsed lately")
def restore(service: Service) -> Known:
    if service.kind not in (Service.Kind.POSTGRESQL, Service.Kind.QUEUE, Service.Kind.CACHE):
        return Known("n/a", "It keeps no data of its own.")
    rows = Drill.objects.filter(service=service, kind=Drill.Kind.RESTORE)
    found = rows.filter(at__gte=timezone.now() - RECENT_DRILL).first()
    if found is None:
        return Known("no", f"None in {RECENT_DRILL.days} days.")
    told = f"{found.at:%Y-%m-%d}: {'worked' if found.worked else 'did not work'}."
    return Known("yes" if found.worked else "no", told, found.url)


@check("capacity", "its headroom is watched")
def capacity(service: Service) -> Known:
    found = list(service.capacities.values_list("what", flat=True))
    return _yes(bool(found), f"Watched: {', '.join(found)}.", "Nothing is watched.")


@check("actions", "no promised action is overdue")
def actions(service: Service) -> Known:
    # Counted only, and of postmortems that all may read: a title could tell of a private one.
    today = timezone.now().date()
    overdue = (
        ActionItem.objects.filter(
            state=ActionItem.State.OPEN, due_on__lt=today, postmortem__incidents__services=service
        )
        .exclude(postmortem__incidents__private=True)
        .distinct()
        .count()
    )
    return _yes(not overdue, "None is overdue.", f"{overdue} overdue.")


@check("findings", "gaps that incidents showed are closed")
def findings(service: Service) -> Known:
    rows = service.readiness_findings.filter(closed_at=None, incident__private=False)
    found = rows.count()
    return _yes(not found, "None is open.", f"{found} open.")
