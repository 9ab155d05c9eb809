"""The command of chat that tells how error budgets stand."""

from __future__ import annotations

from django.utils import timezone

from kb.chat.base import Answer, Item
from kb.chatops.commands import Asker, command, service_called
from practice.models import Slo
from practice.slos.attribution import standing

SHOWN = 3


@command("budget", "budget SERVICE", "how its error budgets stand, and what spent them")
def budget(asker: Asker, rest: str) -> Answer:
    service = service_called(rest.strip())
    slos = list(service.slos.filter(enabled=True).select_related("service"))
    if not slos:
        return Answer(f"{service.name} has no objective.")
    items = [_item(slo, asker) for slo in slos]
    return Answer(f"{service.name}: {len(slos)} objectives.", items)


def _item(slo: Slo, asker: Asker) -> Item:
    found = standing(slo, asker.view, timezone.now())
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
    return Item(title, slo.get_absolute_url(), lines)
