"""The command of chat that tells how error budgets stand."""

from __future__ import annotations

from django.utils import timezone

from kb.chat.base import AnswerItem, ChatAnswer
from kb.chatops.arguments import service_argument
from kb.chatops.dispatch import CommandContext, command
from practice.models import Slo
from practice.slos.attribution import standing

SHOWN = 3


@command("budget", "budget SERVICE", "how its error budgets stand, and what spent them")
def budget(context: CommandContext, rest: str) -> ChatAnswer:
    service = service_argument(rest.strip())
    slos = list(service.slos.filter(enabled=True).select_related("service"))
    if not slos:
        return ChatAnswer(f"{service.name} has no objective.")
    items = [_item(slo, context) for slo in slos]
    return ChatAnswer(f"{service.name}: {len(slos)} objectives.", items)


def _item(slo: Slo, context: CommandContext) -> AnswerItem:
    found = standing(slo, context.viewer, timezone.now())
    lines = [found.in_words]
    if found.budget.ratio is not None:
        spent, whole = found.budget.spent, found.budget.minutes
        lines.append(f"{spent:.0f} of {whole:.0f} minutes spent ({found.budget.share:.0%})")
        if found.days_left:
            lines.append(f"At this pace spent in {found.days_left:.0f} days")
        if found.causes:
            parts = ", ".join(f"{each.name} {each.share:.0%}" for each in found.causes[:SHOWN])
            lines.append(f"Most of it by {parts}")
    title = f"{slo.name}, {slo.target.normalize():f} %"
    return AnswerItem(title, slo.get_absolute_url(), lines)
