"""Readiness questions that the product answers by itself, with what shows the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analysis.evidence.source_plugins import plugin_of, target_of
from analysis.models import Source
from analysis.sources.base import SourceError, Window
from common.language import Text
from common.registry import Registry
from incidents.catalogue.dependencies import core_needing_supplementary
from incidents.models import Alert, Service
from kb.models import ActionItem
from practice.models import Drill, LoadTest

RECENT_ALERT = timedelta(days=180)
RECENT_DRILL = timedelta(days=90)
RECENT_TEST = timedelta(days=90)
DEADLINE = 3.0
"""Seconds that a source may take to answer."""


@dataclass(frozen=True)
class CheckResult:
    """A verdict ("yes", "no" or "n/a"), a note that explains it, and a link that shows it."""

    verdict: str
    note: str
    evidence: str = ""


@dataclass(frozen=True)
class AutomaticCheck:
    requirement: Text
    """what a service must have to pass, such as "it has a runbook" """
    run: Callable[[Service], CheckResult]


CHECKS: Registry[AutomaticCheck] = Registry("automatic readiness checks")
"""By the name that checklists use."""


def check(
    name: str, requirement: Text
) -> Callable[[Callable[[Service], CheckResult]], Callable[[Service], CheckResult]]:
    """Register the decorated function as the check `name`."""

    def register(run: Callable[[Service], CheckResult]) -> Callable[[Service], CheckResult]:
        CHECKS.register(name, AutomaticCheck(requirement, run))
        return run

    return register


def _yes_or_no(passes: bool, yes: str, no: str, evidence: str = "") -> CheckResult:
    return CheckResult("yes", yes, evidence) if passes else CheckResult("no", no)


@check("owner", _("a team owns it"))
def owner(service: Service) -> CheckResult:
    team = service.owner_team
    return _yes_or_no(
        bool(team), gettext("Owned by %(team)s.") % {"team": team}, gettext("No team is named.")
    )


@check("on-call", _("on-call is named"))
def on_call(service: Service) -> CheckResult:
    rota = service.on_call
    return _yes_or_no(
        bool(rota), gettext("%(rota)s is called.") % {"rota": rota}, gettext("Nobody is named.")
    )


@check("runbook", _("it has a runbook"))
def runbook(service: Service) -> CheckResult:
    url = service.runbook_url
    return _yes_or_no(bool(url), gettext("Linked."), gettext("No runbook is linked."), url)


@check("repository", _("its repository is known"))
def repository(service: Service) -> CheckResult:
    links = service.repository_links
    return _yes_or_no(
        bool(links), gettext("Linked."), gettext("No repository is linked."), (links or [""])[0]
    )


@check("dashboard", _("it has a dashboard"))
def dashboard(service: Service) -> CheckResult:
    links = service.dashboard_links
    return _yes_or_no(
        bool(links), gettext("Linked."), gettext("No dashboard is linked."), (links or [""])[0]
    )


@check("metrics", _("its metrics are available now"))
def metrics(service: Service) -> CheckResult:
    """Run the first query that each source of metrics has for a service of this kind."""
    now = timezone.now()
    window = Window(now - timedelta(minutes=30), now)
    problem = gettext("No source of metrics is set up.")
    for source in Source.objects.filter(enabled=True):
        try:
            plugin = plugin_of(source)
            queries = plugin.queries(target_of(service))
            if plugin.items != "series" or not queries:
                continue
            if plugin.pull(queries[0], window, DEADLINE).items:
                answers = gettext("%(source)s answers: %(query)s.")
                names = {"source": source, "query": queries[0].what}
                return CheckResult("yes", answers % names)
            problem = gettext("%(source)s knows no series for it.") % {"source": source}
        except SourceError as error:
            problem = f"{source}: {error}"
    return CheckResult("no", problem[:500])


@check("alert", _("an alert has fired for it"))
def alert(service: Service) -> CheckResult:
    since = timezone.now() - RECENT_ALERT
    # Alerts of private incidents do not count: the name of one could reveal what happened.
    public = Alert.objects.filter(Q(incident=None) | Q(incident__private=False), service=service)
    latest = public.filter(starts_at__gte=since).first()
    if latest is None:
        none = gettext("None in %(days)s days: nothing shows that one would.")
        return CheckResult("no", none % {"days": RECENT_ALERT.days})
    fired = {"what": latest.name, "day": f"{latest.starts_at:%Y-%m-%d}"}
    return CheckResult("yes", gettext("%(what)s on %(day)s.") % fired)


@check("dependencies", _("its dependencies are declared"))
def dependencies(service: Service) -> CheckResult:
    names = list(service.depends_on.values_list("name", flat=True))
    if names:
        needs = gettext("Needs %(services)s.") % {"services": ", ".join(names[:10])}
        return CheckResult("yes", needs)
    if service.needed_by.exists():
        return CheckResult("n/a", gettext("Others need it; it needs none."))
    return CheckResult("no", gettext("None is declared."))


@check("tiers", _("it depends on nothing of a lesser tier"))
def tiers(service: Service) -> CheckResult:
    if service.tier != Service.Tier.CORE:
        return CheckResult("n/a", gettext("Applies to core services only."))
    services = Service.objects.prefetch_related("depends_on")
    needs = {row.name: [other.name for other in row.depends_on.all()] for row in services}
    lesser = {row.name: row.tier for row in services if row.tier != Service.Tier.CORE}
    problems = core_needing_supplementary(needs, {**lesser, service.name: "core"})
    no = "; ".join(map(str, problems))
    return _yes_or_no(not problems, gettext("No supplementary service is on its path."), no)


@check("slo", _("it has an objective that is measured"))
def slo(service: Service) -> CheckResult:
    objectives = service.slos.filter(enabled=True)
    measured = [each for each in objectives if each.pulled_until]
    if measured:
        target = measured[0].target.normalize()
        return CheckResult("yes", f"{measured[0].name}: {target:f} %.")
    if objectives:
        return CheckResult("no", gettext("One is set but nothing is counted."))
    return CheckResult("no", gettext("None is set."))


@check("load-test", _("a load test was run recently"))
def load_test(service: Service) -> CheckResult:
    since = timezone.now() - RECENT_TEST
    latest = LoadTest.objects.filter(service=service, at__gte=since).first()
    if latest is None:
        return CheckResult("no", gettext("None in %(days)s days.") % {"days": RECENT_TEST.days})
    run = {"what": latest, "day": f"{latest.at:%Y-%m-%d}"}
    return CheckResult("yes", gettext("%(what)s on %(day)s.") % run, latest.url)


@check("restore", _("a restore was rehearsed recently"))
def restore(service: Service) -> CheckResult:
    if service.kind not in (Service.Kind.POSTGRESQL, Service.Kind.QUEUE, Service.Kind.CACHE):
        return CheckResult("n/a", gettext("It stores no data of its own."))
    restores = Drill.objects.filter(service=service, kind=Drill.Kind.RESTORE)
    latest = restores.filter(at__gte=timezone.now() - RECENT_DRILL).first()
    if latest is None:
        return CheckResult("no", gettext("None in %(days)s days.") % {"days": RECENT_DRILL.days})
    note = gettext("%(day)s: worked.") if latest.worked else gettext("%(day)s: did not work.")
    verdict = "yes" if latest.worked else "no"
    return CheckResult(verdict, note % {"day": f"{latest.at:%Y-%m-%d}"}, latest.url)


@check("capacity", _("its capacity is watched"))
def capacity(service: Service) -> CheckResult:
    watched = list(service.capacities.values_list("what", flat=True))
    return _yes_or_no(
        bool(watched),
        gettext("Watched: %(what)s.") % {"what": ", ".join(watched)},
        gettext("Nothing is watched."),
    )


@check("actions", _("no action item is overdue"))
def actions(service: Service) -> CheckResult:
    # A count, and of public postmortems only: a title could reveal a private incident.
    today = timezone.now().date()
    overdue = (
        ActionItem.objects.filter(
            state=ActionItem.State.OPEN, due_on__lt=today, postmortem__incidents__services=service
        )
        .exclude(postmortem__incidents__private=True)
        .exclude(postmortem__private=True)
        .distinct()
        .count()
    )
    return _yes_or_no(
        not overdue, gettext("None is overdue."), gettext("%(n)s overdue.") % {"n": overdue}
    )


@check("findings", _("gaps that incidents showed are closed"))
def findings(service: Service) -> CheckResult:
    count = service.readiness_findings.filter(closed_at=None, incident__private=False).count()
    return _yes_or_no(not count, gettext("None is open."), gettext("%(n)s open.") % {"n": count})
