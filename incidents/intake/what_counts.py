"""What counts as a change of production: rules of people first, then the default rule."""

from __future__ import annotations

from collections.abc import Iterable

from common.environments import branch_name, is_production, is_release_branch, is_tag, job_says
from incidents.models import Change, DeployRule
from incidents.webhooks.base import ChangeEvent

BY_DEFAULT = "by the default rule"
_REQUESTS = frozenset(
    "pull_request pull_request_target pull_request_review merge_request merge_request_event "
    "pullrequest external_pull_request external_pull_request_event merge_group pr".split()
)
_SCHEDULES = frozenset("schedule scheduled cron nightly timer".split())


def decide(event: ChangeEvent, rules: Iterable[DeployRule]) -> tuple[bool, str]:
    """Whether a change counts, and why, in words that continue “counts” or “does not count”."""
    for rule in rules:
        if rule.counts:
            return rule.counts == DeployRule.Counts.YES, f"by the rule {rule}"[:200]
    counts, why = default_rule(event)
    return counts, f"{why}, {BY_DEFAULT}"[:200] if why else ""


def default_rule(event: ChangeEvent) -> tuple[bool, str]:
    """What is plainly not production does not count; the environment says more than the rest.

    What says nothing at all counts: most senders report production only.
    """
    where = event.environment
    of_production = is_production(where) if where else None
    if of_production is None:
        of_production = event.production
    if of_production is False:
        return False, where or "not production"
    if of_production:
        return True, where or "production"
    trigger = event.trigger.lower()
    if trigger in _REQUESTS:
        return False, "of a pull request"
    means_deploy, what = job_says(event.run) if event.run else (None, "")
    if means_deploy is False:
        return False, f"{what} (“{event.run[:60]}”)" if what.startswith("a ") else what
    branch = branch_name(event.branch)
    if branch and not (is_tag(event.branch) or is_release_branch(branch, event.default_branch)):
        return False, f"of the branch {branch[:100]}"
    if trigger in _SCHEDULES and not means_deploy:
        return False, "a scheduled run"
    return True, f"of the branch {branch[:100]}" if branch else ""


def choose(change: Change, counts: bool, person: str) -> Change:
    """Have a person say whether a change counts; later reports leave it so."""
    change.counts, change.counts_chosen = counts, True
    change.counts_reason = f"chosen by {person}"[:200] if person else "chosen by a person"
    change.save(update_fields=["counts", "counts_chosen", "counts_reason"])
    return change
