"""What an empty database starts with. People edit it from then on; nothing is restored."""

from __future__ import annotations

from typing import Any

from incidents.models import TierPolicy
from people import audit
from practice.models import Checklist, Practice
from practice.readiness.reviews import create_version, parse_lines

CORE = """\
Ownership | Does a team own it? | owner
Ownership | Is it known who is called, at night too? | on-call
Ownership | Is its repository known? | repository
Architecture | Are all its dependencies declared? | dependencies
Architecture | Is nothing of a lesser tier on its path? | tiers
Architecture | Does it degrade, rather than fail, when a dependency is slow or away?
Architecture | Is there no single instance, host or zone whose loss stops it?
Capacity | Was a load test run against the expected peak? | load-test
Capacity | Is its capacity watched? | capacity
Capacity | Are limits, timeouts and retries set and bounded?
Monitoring | Are its metrics available? | metrics
Monitoring | Does it have a dashboard that shows at a glance whether users are fine? | dashboard
Monitoring | Has an alert fired for it? | alert
Monitoring | Is there an objective, agreed with those who use it, that is measured? | slo
Monitoring | Do logs carry a request's id from end to end?
Operations | Is there a runbook that somebody else has followed? | runbook
Operations | Was a restore of its data rehearsed? | restore
Operations | Can a release be rolled back within minutes, its data included?
Operations | Are releases rolled out in steps that stop by themselves?
Learning | Are the action items of postmortems done in time? | actions
Learning | Are the gaps that incidents showed closed? | findings
Security | Are secrets kept outside the code, and can they be changed without a release?
"""
NORMAL = """\
Ownership | Does a team own it? | owner
Ownership | Is it known who is called? | on-call
Ownership | Is its repository known? | repository
Architecture | Are all its dependencies declared? | dependencies
Architecture | Do core flows go on when it is away?
Capacity | Is its capacity watched? | capacity
Monitoring | Are its metrics available? | metrics
Monitoring | Does it have a dashboard? | dashboard
Monitoring | Has an alert fired for it? | alert
Monitoring | Is there an objective that is measured? | slo
Operations | Is there a runbook? | runbook
Operations | Was a restore of its data rehearsed? | restore
Operations | Can a release be rolled back?
Learning | Are the action items of postmortems done in time? | actions
Learning | Are the gaps that incidents showed closed? | findings
"""
SUPPLEMENTARY = """\
Ownership | Does a team own it? | owner
Architecture | Are all its dependencies declared? | dependencies
Architecture | Does what it does late catch up by itself?
Monitoring | Are its metrics available? | metrics
Operations | Is there a runbook? | runbook
Learning | Are the gaps that incidents showed closed? | findings
"""
CHECKLISTS = {"core": (CORE, 180), "normal": (NORMAL, 270), "supplementary": (SUPPLEMENTARY, 365)}

TIERS = {
    "core": (
        "If it fails, all users are affected: the flow that the business lives on.",
        "Called at once, day and night; somebody answers within 5 minutes.",
        "99.95",
    ),
    "normal": (
        "Major features off the core flow; users notice, and can go on.",
        "Called at once in working hours; at night for SEV1 and SEV2 only.",
        "99.5",
    ),
    "supplementary": (
        "May be late: what it does can be done an hour later.",
        "Nobody is called at night; a ticket for the next working day.",
        "99",
    ),
}

MAP = {
    "Objectives": {
        "Service level objectives": "What good enough is, measured as users see it.",
        "Error budget policy": "What happens when the budget is spent, agreed beforehand.",
        "Review of objectives": "Targets are reviewed every quarter.",
    },
    "Monitoring": {
        "Symptoms over causes": "Pages fire on symptoms that users notice; causes are looked up.",
        "Burn rate alerts": "Several windows, so that slow and fast burns are both caught.",
        "Alert review": "Alerts that lead nowhere are fixed or removed each month.",
        "Tracing": "A slow request can be followed through all services.",
        "Logs at every layer": "From hardware to application, searchable in one place.",
    },
    "Incidents": {
        "One incident commander": "One person decides; others do.",
        "Severity by impact": "Severities are defined by impact on users.",
        "Runbooks": "For every page there is a first step.",
        "Past causes first": "What was the cause last time is looked up before anything else.",
        "Game days": "Failures are rehearsed with the people who are called.",
    },
    "Learning": {
        "Blameless postmortems": "For every SEV1 and SEV2, within five days.",
        "Shared root causes": "Incidents are linked to named causes; repeat offenders are visible.",
        "Actions with owners": "Promised fixes have an owner and a day, and are followed up.",
        "Monthly reliability review": "One page a service, read by those who plan.",
    },
    "Change": {
        "Canary releases": "A release meets a few users first and stops by itself.",
        "Feature flags": "What is risky can be switched off without a release.",
        "Roll back first": "The newest change is rolled back before it is understood.",
        "Change calendar": "Deploys, flags and migrations are in one timeline.",
    },
    "Capacity": {
        "Load tests in the pipeline": "Each release is measured against those before it.",
        "Headroom forecast": "It is known when disks, pools and memory will be full.",
        "Overload protection": "Shedding, limits and back-off keep a part working.",
    },
    "Design": {
        "Production readiness reviews": "A checklist by tier before general availability.",
        "Tiers": "Core, normal and supplementary services are treated differently.",
        "Dependency checks": "Cycles, and core services that depend on lesser tiers, are reported.",
        "Backups that were restored": "Restores are rehearsed, not assumed.",
    },
    "People": {
        "Sustainable on-call": "Rotations of at least six, and time off after nights.",
        "Less toil": "Repeated manual work is counted and automated.",
        "Handover": "Each shift reports to the next what is unusual.",
    },
}


@audit.acting(audit.SETUP)
def seed(using: str = "default", **_: Any) -> None:
    """After migrations: fill empty tables."""
    if not Checklist.objects.using(using).exists():
        for tier, (lines, days) in CHECKLISTS.items():
            create_version(tier, parse_lines(lines), days)
    if not Practice.objects.using(using).exists():
        for position, (branch, leaves) in enumerate(MAP.items()):
            parent = Practice.objects.create(name=branch, position=position)
            for number, (name, what) in enumerate(leaves.items()):
                Practice.objects.create(name=name, what=what, parent=parent, position=number)
    for tier, (meaning, paging, target) in TIERS.items():
        TierPolicy.objects.filter(tier=tier, meaning="", paging="").update(
            meaning=meaning, paging=paging, target=target
        )
