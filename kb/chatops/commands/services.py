"""Commands about services: changes, who."""

from __future__ import annotations

from django.utils import timezone

from incidents.models import Change, Service
from kb.chat.base import AnswerItem, ChatAnswer, clip
from kb.chatops.arguments import period_argument, service_argument
from kb.chatops.dispatch import CommandContext, command
from kb.models import OnCall

MAX_LINES = 10


@command("changes", "changes SERVICE 2h [all]", "what was deployed or changed there lately")
def changes(context: CommandContext, text: str) -> ChatAnswer:
    """Those of production; with `all` those of staging, previews and checks too."""
    words = text.split()
    every = len(words) > 1 and words[-1].lower() == "all"
    name, period, length = period_argument(" ".join(words[:-1]) if every else text, "2h")
    service = service_argument(name)
    reported = Change.objects.filter(service=service, started_at__gte=timezone.now() - length)
    rows = reported if every else reported.counting()
    lines = [_change_line(change) for change in rows[:MAX_LINES]]
    summary = f"{rows.count()} changes of {service} in the last {period}."
    left_out = 0 if every else reported.filter(counts=False).count()
    if left_out:
        summary += f" {left_out} more do not count (staging, previews, checks): add “all”."
    item = AnswerItem(service.name, service.get_absolute_url(), lines)
    return ChatAnswer(summary, [item] if lines else [])


def _change_line(change: Change) -> str:
    line = f"{change.started_at:%m-%d %H:%M} {change.get_kind_display()}: {clip(change.title, 120)}"
    if change.outcome != "succeeded":
        line += f" ({change.get_outcome_display().lower()})"
    return line if change.counts else f"{line} [does not count: {change.counts_reason}]"


@command("oncall", "oncall SERVICE", "who is on call for a service, as your pager says")
def oncall(context: CommandContext, text: str) -> ChatAnswer:
    service = service_argument(text.strip())
    lines = _on_call_lines(service)
    if not lines:
        rota = f" Its record says: {service.on_call}" if service.on_call else ""
        return ChatAnswer(f"No pager says who is on call for {service}.{rota}")
    item = AnswerItem(service.name, service.get_absolute_url(), lines)
    return ChatAnswer(f"On call for {service}", [item])


def _on_call_lines(service: Service) -> list[str]:
    return [_on_call_line(each) for each in OnCall.called_for([service])[:MAX_LINES]]


def _on_call_line(row: OnCall) -> str:
    level = f", level {row.level}" if row.level > 1 else ""
    until = f" until {row.until:%m-%d %H:%M} UTC" if row.until else ""
    old = f" (as of {row.read_at:%m-%d %H:%M} UTC, may have changed)" if row.is_stale else ""
    rota = f" · {clip(row.rota, 60)}" if row.rota else ""
    return f"{clip(row.shown_name, 80)}{level}{until}{rota}{old}"


def _without_question(text: str) -> str:
    """The name of the service in “who is on call for checkout?”."""
    words = text.strip().rstrip("?").split()
    first = [word.lower() for word in words[:4]]
    for start in (["is", "on", "call", "for"], ["is", "on-call", "for"], ["is", "oncall", "for"]):
        if first[: len(start)] == start:
            return " ".join(words[len(start) :])
    return text.strip()


@command("who", "who SERVICE", "the team and on-call of a service, and its runbook")
def who(context: CommandContext, text: str) -> ChatAnswer:
    """Also as a question: who is on call for checkout?"""
    name = _without_question(text)
    if name != text.strip():
        return oncall(context, name)
    service = service_argument(name)
    dependencies = ", ".join(each.name for each in service.depends_on.all()[:MAX_LINES])
    lines = [
        f"Team: {service.owner_team or 'not recorded'}",
        f"Tier: {service.tier}",
        *([f"On-call: {service.on_call}"] if service.on_call else []),
        *_on_call_lines(service),
        *([f"Runbook: {service.runbook_url}"] if service.runbook_url else []),
        *([f"Depends on: {dependencies}"] if dependencies else []),
    ]
    item = AnswerItem(service.name, service.get_absolute_url(), lines)
    return ChatAnswer(service.name, [item])
