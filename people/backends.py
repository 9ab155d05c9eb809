"""Roles give permissions, so that `user.has_perm` is one question for roles and Django's groups."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission, User
from django.db.models import Q

from people.permissions import has_act


class RoleBackend(ModelBackend):
    """Passwords as Django checks them; permissions by role, then by Django's groups."""

    def get_user(self, user_id: int) -> User | None:
        """With the account, which every page reads for time zone and language."""
        found = User.objects.select_related("account").filter(pk=user_id).first()
        return found if found and self.user_can_authenticate(found) else None

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if not user_obj.is_active or user_obj.is_anonymous:
            return False
        return has_act(user_obj, perm) or super().has_perm(user_obj, perm, obj=obj)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Of the person and of their groups, in one query where Django makes two."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            rows = Permission.objects.filter(Q(user=user_obj) | Q(group__user=user_obj))
            names = rows.order_by().values_list("content_type__app_label", "codename")
            user_obj._perm_cache = {f"{app}.{codename}" for app, codename in names}
        return user_obj._perm_cache
