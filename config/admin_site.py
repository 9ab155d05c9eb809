"""Django's admin, for those who may see everything: its history pages ask no other question."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from incidents.permissions import SEE_ALL


class AdministratorsSite(AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and request.user.has_perm(SEE_ALL)
