"""The chat command for error budgets; registered in `apps.py`."""

from __future__ import annotations

from django.utils import timezone

from kb.chat.base import AnswerItem, ChatAnswer
from kb.chatops.arguments import service_argument
from kb.chatops.dispatch import Command, CommandContext
from practice.models import Slo
from practice.slos.attribution import attributed_status

MOST_CAUSES = 3


def budget(context: CommandContext, rest: str) -> ChatAnswer:
    service = service_argument(rest.strip())
    slos = list(service.slos.filter(enabled=True).select_related("service"))
    if not slos:
        return ChatAnswer(f"{service.name} has no objective.")
    items = [_item(slo, context) for slo in slos]
    return ChatAnswer(f"{service.name}: {len(slos)} objectives.", items)


def _item(slo: Slo, context: CommandContext) -> AnswerItem:
    status = attributed_status(slo, context.viewer, timezone.now())
    lines = [status.in_words]
    if status.budget.ratio is not None:
        spent, whole = status.budget.spent, status.budget.minutes
        lines.append(f"{spent:.0f} of {whole:.0f} minutes spent ({status.budget.share:.0%})")
        if status.days_left:
            lines.append(f"At this burn rate spent in {status.days_left:.0f} days")
        if status.causes:
            causes = status.causes[:MOST_CAUSES]
            lines.append("Most of it by " + ", ".join(f"{c.name} {c.share:.0%}" for c in causes))
    title = f"{slo.name}, {slo.target.normalize():f} %"
    return AnswerItem(title, slo.get_absolute_url(), lines)


BUDGET = Command("budget SERVICE", "its error budgets, and what spent them", budget)
