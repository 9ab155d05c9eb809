"""The history of the demo shop: services, sources, causes, incidents, changes, postmortems."""

from __future__ import annotations

import random
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from analysis.models import Source
from analysis.sources.loki import LokiForm
from analysis.sources.prometheus import PrometheusForm
from demo.world.faults import Episode
from demo.world.services import SERVICES
from incidents import filing
from incidents.models import Change, Incident, Service
from kb.causes import linking
from kb.causes.fixes import mark_fixed
from kb.models import Cause, Check, Postmortem
from kb.postmortems.action_items import add_action
from kb.postmortems.editing import write_postmortem
from people.models import Team

HISTORY = Path(__file__).resolve().parents[1] / "history.toml"
TIERS = {
    "core": "storefront api-gateway checkout orders orders-db payments payments-db session-cache",
    "supplementary": "invoices mailer",
}
TEAMS = {
    "Storefront": "storefront api-gateway search catalog catalog-db catalog-cache",
    "Orders": "checkout orders orders-db order-events pricing invoices",
    "Payments": "payments payments-db",
    "Platform": "worker-pool accounts session-cache mailer",
}


def _group(groups: dict[str, str], name: str, default: str) -> str:
    return next((group for group, names in groups.items() if name in names.split()), default)


def create_services() -> dict[str, Service]:
    services = {
        name: Service.objects.create(
            name=name,
            kind=runs.kind,
            tier=_group(TIERS, name, "normal"),
            owner=Team.named(_group(TEAMS, name, "")),
        )
        for name, runs in SERVICES.items()
    }
    for name, runs in SERVICES.items():
        services[name].depends_on.set(services[callee] for callee in runs.calls)
    return services


def create_sources(world: str) -> None:
    forms = (("Prometheus", "prometheus", PrometheusForm), ("Loki", "loki", LokiForm))
    for name, kind, form in forms:
        initial = {key: field.initial or "" for key, field in form().fields.items()}
        plain = {key: value for key, value in initial.items() if key not in form.secret_fields}
        Source.objects.create(name=name, kind=kind, settings={**plain, "url": world})


def create_history(services: dict[str, Service]) -> tuple[list[Incident], list[Episode]]:
    """Past incidents spread over 400 days, the newest ones close together."""
    rows = [
        (cause_row, [part.strip() for part in line.split("|")])
        for cause_row in tomllib.loads(HISTORY.read_text())["cause"]
        for line in cause_row["incidents"].splitlines()
        if line.strip()
    ]
    # A fixed seed: every demo has the same history, counted back from the day it is loaded.
    chance = random.Random(7)
    chance.shuffle(rows)
    now = timezone.now()
    causes = {cause_row["name"]: _cause(cause_row) for cause_row, _ in rows}
    incidents, episodes = [], []
    for index, (cause_row, row) in enumerate(rows):
        age = 2 + 400 * ((len(rows) - index) / len(rows)) ** 1.5 + chance.random()
        start = now - timedelta(days=age, minutes=chance.randrange(1440))
        incident = _incident(row, services, start, causes[cause_row["name"]], chance)
        incidents.append(incident)
        if cause_row.get("fault"):
            end = start + timedelta(minutes=int(row[2]))
            episodes.append(
                Episode(row[0], cause_row["fault"], start.timestamp() - 240, end.timestamp())
            )
        if cause_row["category"] == "deploy":
            _deploy(services[row[0]], start, chance)
        if incident.severity == "SEV1":
            _postmortem(incident, causes[cause_row["name"]], chance)
    _unexplained(services, now)
    _chain(incidents, causes)
    _fixed(list(causes.values()), chance)
    for name in ("checkout", "catalog", "pricing", "search"):
        for _ in range(6):
            _deploy(services[name], now - timedelta(hours=chance.randrange(30, 900)), chance)
    return incidents, episodes


def _cause(cause_row: dict[str, Any]) -> Cause:
    known = Cause.objects.filter(name=cause_row["name"]).first()
    if known:
        return known
    cause = linking.create_cause(
        name=cause_row["name"],
        category=cause_row["category"],
        what_happens=cause_row["what"],
        how_to_tell=cause_row["how_to_tell"],
        how_to_fix=cause_row["fix"],
        how_to_prevent=cause_row["prevent"],
    )
    for line in cause_row.get("checks", "").strip().splitlines():
        name, condition, query = (part.strip() for part in line.split("|", 2))
        comparison, threshold = condition.split()
        Check.objects.create(
            cause=cause,
            name=name,
            source="Prometheus",
            query=query,
            comparison=comparison,
            threshold=float(threshold),
        )
    return cause


def _incident(
    row: list[str],
    services: dict[str, Service],
    start: datetime,
    cause: Cause,
    chance: random.Random,
) -> Incident:
    service, severity, minutes, title, symptom, resolution = row
    length = timedelta(minutes=int(minutes))
    detected = start + timedelta(minutes=chance.randrange(1, 9))
    incident = filing.file_incident(
        title=title,
        symptom=symptom,
        resolution=resolution,
        severity=severity,
        services=[services[service]],
        impact_started_at=start,
        detected_at=detected,
        acknowledged_at=detected + timedelta(minutes=chance.randrange(1, 7)),
        mitigated_at=start + length * 0.85,
        resolved_at=start + length,
        status=Incident.Status.RESOLVED,
        quiet=True,
    )
    # About one cause in seven was never confirmed, as in any real history.
    state = "suspected" if chance.random() < 0.14 else "confirmed"
    linking.link_cause(incident, cause, state=state)
    return incident


def _deploy(service: Service, before: datetime, chance: random.Random) -> None:
    version = f"{chance.randrange(3, 9)}.{chance.randrange(60)}"
    start = before - timedelta(minutes=chance.randrange(3, 14))
    Change.objects.create(
        service=service,
        title=f"{service} {version}",
        version=version,
        author="release pipeline",
        started_at=start,
        finished_at=start + timedelta(minutes=2),
    )


UNEXPLAINED = """
search | SEV4 | 12 | Search results empty after midnight | No hits at 00:00 UTC, then normal again
search | SEV4 | 9 | search: empty results after midnight | no hits, gone before anyone looked
search | SEV3 | 15 | Empty search results again at midnight | zero hits at 00:00 UTC, then back
mailer | SEV4 | 25 | Newsletter in the wrong language | 300 subscribers got the German one
"""


def _unexplained(services: dict[str, Service], now: datetime) -> None:
    """Incidents without a known cause, as every team has some."""
    for age, line in zip((61, 40, 19, 12), UNEXPLAINED.strip().splitlines(), strict=True):
        service, severity, minutes, title, symptom = (part.strip() for part in line.split("|"))
        start = (now - timedelta(days=age)).replace(hour=0, minute=1)
        filing.file_incident(
            title=title,
            symptom=symptom,
            severity=severity,
            services=[services[service]],
            impact_started_at=start,
            detected_at=start + timedelta(minutes=4),
            resolved_at=start + timedelta(minutes=int(minutes)),
            status=Incident.Status.RESOLVED,
            quiet=True,
        )


CHAIN = ("Query without an index after a release", "Threads blocked by a slow synchronous call")


def _chain(incidents: list[Incident], causes: dict[str, Cause]) -> None:
    """In the newest incidents of one cause, link another one that it led to."""
    earlier, later = (causes.get(name) for name in CHAIN)
    if earlier is None or later is None:
        return
    for incident in [row for row in incidents if earlier in row.causes.all()][-3:]:
        linking.link_cause(incident, later, role="contributing", state="confirmed")
        linking.chain_causes(incident, earlier, later)


def _fixed(causes: list[Cause], chance: random.Random) -> None:
    """Some causes were fixed for good after they were last seen."""
    for cause in causes[::6]:
        last = cause.links.order_by("-incident__impact_started_at").first()
        if last and last.incident.impact_started_at < timezone.now() - timedelta(days=20):
            at = last.incident.impact_started_at + timedelta(days=chance.randrange(2, 9))
            mark_fixed(cause, note=cause.how_to_prevent[:200], at=at)


def _postmortem(incident: Incident, cause: Cause, chance: random.Random) -> None:
    body = (
        f"## Summary\n\n{incident.symptom}\n\n"
        f"## Impact\n\n{incident.get_severity_display()}, for "
        f"{int(incident.duration().total_seconds() // 60)} minutes.\n\n"
        f"## Root cause\n\n{cause.name}. {cause.what_happens}\n\n"
        f"## Resolution\n\n{incident.resolution}.\n\n"
        f"## How we will know next time\n\n{cause.how_to_tell}\n\n"
        f"## Prevention\n\n{cause.how_to_prevent}\n\nSee {incident.reference}.\n"
    )
    postmortem = Postmortem(
        title=f"Postmortem: {incident.title}",
        body=body,
        state=Postmortem.State.PUBLISHED,
        published_at=incident.impact_started_at + timedelta(days=chance.randrange(2, 9)),
    )
    write_postmortem(postmortem, [incident])
    due = (incident.impact_started_at + timedelta(days=chance.randrange(14, 60))).date()
    add_action(
        postmortem,
        title=cause.how_to_prevent.split(".")[0].split(";")[0][:200]
        or "Find out how to prevent it",
        due_on=due,
        state=chance.choice(["done", "done", "open"]),
        cause=cause,
    )
