"""Permissions of API resources that configure the practice."""

from __future__ import annotations

from rest_framework.permissions import SAFE_METHODS

from practice.permissions import MANAGE


class Managed:
    """Everybody reads; writing needs the permission MANAGE and a token of scope admin."""

    @property
    def _writes(self) -> bool:
        method = getattr(getattr(self, "request", None), "method", "GET")
        return method not in SAFE_METHODS

    @property
    def permission(self) -> str:
        return MANAGE if self._writes else ""

    @property
    def scope(self) -> str:
        return "admin" if self._writes else "read"
