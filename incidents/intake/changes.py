"""Stores reported changes: each once, with its latest outcome, and whether it counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from common.ci_tools import is_tool
from common.environments import branch_name, without_environment
from common.errors import error_text
from common.placeholders import real_value, without_placeholders
from incidents.catalogue.unknown_services import record_unknown_services
from incidents.intake.same_change import find_same, is_late_report, is_next_attempt
from incidents.intake.what_counts import choose, decide
from incidents.models import Change, DeployRule, Integration, Service
from incidents.webhooks.base import ChangeEvent

__all__ = [
    "choose", "create_change", "edit_change", "ingest_change", "service_named",
    "service_of_repository",
]  # fmt: skip


def ingest_change(
    integration: Integration, event: ChangeEvent, received_at: datetime
) -> tuple[bool, str]:
    """Create or update a change; whether that was possible, and the outcome in words."""
    event = _cleaned(event)
    rules = matching_rules(event)
    for rule in rules:
        if rule.ignore:
            return True, f"“{event.job}” is not a change, by the rule {rule}"
        if rule.names_service:
            break
    naming = next((rule for rule in rules if _names(rule, event)), None)
    if naming is not None:
        event = replace(event, kind=naming.kind, service=_named_by(naming, event), candidates=())
    service = _service_of(event, integration, by_rule=naming is not None)
    if service is None:
        return False, _unknown(event, by_rule=naming is not None)
    try:
        return True, _write(integration, event, rules, service, received_at)
    except ValidationError as error:
        return False, error_text(error)


def create_change(person: str = "", **fields: Any) -> Change:
    """Write a change that a person or script reports. Raises ValidationError by field."""
    change = Change(**fields)
    change.branch = branch_name(change.branch)
    if "counts" in fields:
        change.counts_chosen, change.counts_reason = True, f"chosen by {person or 'a person'}"[:200]
    else:
        _decide_again(change)
    change.full_clean()
    change.save()
    return change


def edit_change(change: Change, person: str = "", **fields: Any) -> Change:
    """Correct where a change was made and whether it counts. Raises ValidationError by field."""
    chosen = fields.pop("counts", None)
    for name, value in fields.items():
        setattr(change, name, value)
    change.branch = branch_name(change.branch)
    if fields and not change.counts_chosen:
        _decide_again(change)
    change.full_clean()
    change.save()
    return change if chosen is None else choose(change, chosen, person)


def _decide_again(change: Change) -> None:
    event = ChangeEvent(
        title=change.title, kind=change.kind, environment=change.environment, branch=change.branch
    )
    change.counts, change.counts_reason = decide(event, matching_rules(event))


def matching_rules(event: ChangeEvent) -> list[DeployRule]:
    """The rules for a job, its environment and its branch, the newest first."""
    jobs = [job for job in (event.job, event.job_name) if job]
    branch = branch_name(event.branch)
    return [
        rule
        for rule in DeployRule.objects.select_related("service")
        if any(rule.matches(job, event.environment, branch) for job in jobs)
        or (not jobs and rule.pattern == "*" and rule.matches("", event.environment, branch))
    ]


def service_named(name: str) -> Service | None:
    return Service.objects.filter(name__iexact=name.replace("\x00", "")).first()


def service_of_repository(
    integration: Integration, repository: str, candidates: tuple[str, ...]
) -> Service | None:
    """The service that changes of a repository are of, by the same rules; None where none is."""
    event = _cleaned(ChangeEvent(title=repository, job=repository, candidates=candidates))
    naming = next((rule for rule in matching_rules(event) if _names(rule, event)), None)
    if naming is not None:
        event = replace(event, service=_named_by(naming, event), candidates=())
    return _service_of(event, integration, by_rule=naming is not None)


def _cleaned(event: ChangeEvent) -> ChangeEvent:
    """Without placeholders, which no service, version or environment is."""
    names = ("service", "version", "author", "environment", "branch", "default_branch", "run")
    given = {name: real_value(getattr(event, name)) for name in names}
    real: dict[str, Any] = {name: value.replace("\x00", "") for name, value in given.items()}
    candidates = tuple(name for name in event.candidates if name and real_value(name))
    title = without_placeholders(event.title) or event.job or "Change"
    return replace(event, **real, candidates=candidates, title=title)


def _names(rule: DeployRule, event: ChangeEvent) -> bool:
    """Whether a rule decides on the service. One that says what counts need not name one."""
    if not rule.names_service:
        return False
    return bool(rule.service or not rule.counts or service_named(_named_by(rule, event)))


def _named_by(rule: DeployRule, event: ChangeEvent) -> str:
    for job in (event.job, event.job_name):
        name = rule.service_name_for(job) if job else None
        if name is not None:
            return name
    return ""


def _service_of(event: ChangeEvent, integration: Integration, by_rule: bool) -> Service | None:
    if event.service:
        service = service_named(event.service)
        return service or (None if by_rule else integration.service)
    if by_rule:
        return None
    found = (service_named(name) for name in _candidates(event))
    return next((service for service in found if service), integration.service)


def _candidates(event: ChangeEvent) -> Iterator[str]:
    """Names that the service may have, the most likely first."""
    names = event.candidates
    if not names and event.job and not is_tool(event.job):
        names = (event.job.partition("/")[0],)
    yield from names
    for name in names:
        shorter = without_environment(name)
        if shorter != name:
            yield shorter


def _unknown(event: ChangeEvent, by_rule: bool) -> str:
    tried = [] if by_rule or event.service else list(dict.fromkeys(_candidates(event)))
    name = event.service or next(iter(tried), "")
    record_unknown_services([name], "deploys")
    if event.service or not event.job:
        what = f"a service named “{name}”"
    else:
        none = f": none is named {' or '.join(tried[:4])}" if tried else ""
        what = f"which service “{event.job}” changes{none}"
    return f"We do not know {what}. Add it or a rule, then replay this."


def _write(
    integration: Integration,
    event: ChangeEvent,
    rules: Iterable[DeployRule],
    service: Service,
    at: datetime,
) -> str:
    source = f"hook {integration.pk}"
    started = event.started_at or event.finished_at or at
    change, event = find_same(source, service, event, started)
    new = change is None
    change = change or Change(external_source=source, external_id=event.external_id[:200])
    attempt = not new and is_next_attempt(change, event, started)
    if not new and not attempt and is_late_report(change, event, event.finished_at):
        return f"A later state is known: {change.title}"
    ended = event.outcome != Change.Outcome.RUNNING
    if new or attempt:
        change.started_at, change.finished_at = started, None
    else:
        # Reports may arrive out of order: the earliest start is the true one.
        change.started_at = min(started, change.started_at)
    if ended:
        finished = max(event.finished_at or at, change.started_at)
        if event.rollout and change.finished_at:
            finished = max(finished, change.finished_at)
        elif event.outcome == change.outcome and change.finished_at:
            finished = max(min(finished, change.finished_at), change.started_at)
        change.finished_at = finished
    _take_over(change, event, service, new, rules)
    change.clean()
    change.save()
    apart = "" if change.counts else f" (does not count: {change.counts_reason})"
    what = f"{change.get_kind_display().lower()} of {service}: {change.title}{apart}"
    return f"Created {what}" if new else f"Updated {what}"


def _take_over(
    change: Change, event: ChangeEvent, service: Service, new: bool, rules: Iterable[DeployRule]
) -> None:
    step = bool(event.rollout) and not new and not event.external_id
    if not step:
        change.kind, change.title = event.kind, event.title[:300]
        if event.external_id:
            change.external_id = event.external_id[:200]
    change.service = service
    change.version = event.version[:200] or change.version
    change.author = event.author[:200] or change.author
    change.outcome = event.outcome
    change.url = event.url[:500] or change.url
    says_less = not new and change.environment and not event.environment
    change.environment = event.environment[:100] or change.environment
    change.branch = branch_name(event.branch)[:200] or change.branch
    if not change.counts_chosen and not says_less:
        change.counts, change.counts_reason = decide(event, rules)
