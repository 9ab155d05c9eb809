"""Roles give permissions, so that `user.has_perm` is one question for roles and Django's groups."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from people.permissions import has_act


class RoleBackend(ModelBackend):
    """Passwords as Django checks them; permissions by role, then by Django's groups."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if not user_obj.is_active or user_obj.is_anonymous:
            return False
        return has_act(user_obj, perm) or super().has_perm(user_obj, perm, obj=obj)
