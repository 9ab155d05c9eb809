"""Creating and editing rules for alerts and changes, whether by form or API."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction

from incidents.models import DeployRule, HeartbeatRule, MaintenanceWindow, TierPolicy

Rule = TypeVar("Rule", TierPolicy, MaintenanceWindow, DeployRule, HeartbeatRule)


@transaction.atomic
def save_rule(rule: Rule, author: User | None = None, **fields: Any) -> Rule:
    """Set fields of a new or known rule and save it. Raises ValidationError by field.

    A new maintenance window remembers its author.
    """
    related = {each.name for each in rule._meta.many_to_many} & set(fields)
    for name in set(fields) - related:
        setattr(rule, name, fields[name])
    if isinstance(rule, MaintenanceWindow) and rule.pk is None:
        rule.author = author
    rule.full_clean()
    rule.save()
    for name in related:
        getattr(rule, name).set(fields[name])
    return rule
