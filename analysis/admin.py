from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from analysis.models import Evidence, EvidenceRequest, Finding
from incidents.permissions import visible_incidents


class ReadOnlyAdmin(admin.ModelAdmin):
    """Evidence is frozen: it can be viewed, not edited."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        visible = visible_incidents(request.user).values("pk")
        return super().get_queryset(request).filter(incident__in=visible)

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(EvidenceRequest)
class EvidenceRequestAdmin(ReadOnlyAdmin):
    list_display = ["what", "service", "source", "incident", "state", "attempts", "finished_at"]
    list_filter = ["state", "source"]


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    list_display = ["what", "service", "source_name", "incident", "taken_at", "took_ms"]
    exclude = ["content"]


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    list_display = ["text", "kind", "service", "onset", "score"]
    list_filter = ["kind"]
