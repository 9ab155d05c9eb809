"""Rules that give roles and teams to groups of an identity provider."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.people.limits import require_may_give
from people.models import GroupRule
from people.permissions import MANAGE_PEOPLE, require


def save_rule(rule: GroupRule, by: User, **fields: Any) -> GroupRule:
    """Raises ValidationError by field, PermissionDenied for a role above one's own."""
    require(by, MANAGE_PEOPLE)
    if rule.role:
        require_may_give(by, rule.role, None)
    for name, value in fields.items():
        setattr(rule, name, value.strip() if isinstance(value, str) else value)
    if not rule.group:
        raise ValidationError({"group": _("Name the group, as the identity provider sends it.")})
    if rule.role:
        require_may_give(by, rule.role, rule.team)
    rule.full_clean()
    rule.save()
    return rule


def delete_rule(rule: GroupRule, by: User) -> None:
    """From the next sign-in on; raises PermissionDenied for a role above one's own."""
    require(by, MANAGE_PEOPLE)
    if rule.role:
        require_may_give(by, rule.role, None)
    rule.delete()
