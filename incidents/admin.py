from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from incidents.catalogue.services import check_service
from incidents.models import Alert, Change, Incident, Service, TimelineEntry
from incidents.permissions import visible_alerts, visible_incidents


class ServiceAdminForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        check_service(self.instance, data)
        return data


@admin.register(Service)
class ServiceAdmin(SimpleHistoryAdmin):
    form = ServiceAdminForm
    list_display = ["name", "tier", "kind", "lifecycle", "owner"]
    list_filter = ["tier", "lifecycle", "kind"]
    search_fields = ["name", "owner__name"]
    filter_horizontal = ["depends_on"]


class TimelineInline(admin.TabularInline):
    model = TimelineEntry
    extra = 0
    raw_id_fields = ["author"]


@admin.register(Incident)
class IncidentAdmin(SimpleHistoryAdmin):
    list_display = ["reference", "title", "severity", "status", "impact_started_at", "private"]
    list_filter = ["status", "severity", "private", "external_source"]
    search_fields = ["title", "external_id"]
    date_hierarchy = "impact_started_at"
    raw_id_fields = ["reporter", "owner"]
    filter_horizontal = ["services", "viewers"]
    inlines = [TimelineInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        return visible_incidents(request.user)


@admin.register(Alert)
class AlertAdmin(admin.ModelAdmin):
    list_display = ["name", "service", "status", "severity", "starts_at", "incident"]
    list_filter = ["status", "source"]
    search_fields = ["name", "fingerprint"]
    raw_id_fields = ["incident"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return visible_alerts(request.user)


@admin.register(Change)
class ChangeAdmin(admin.ModelAdmin):
    list_display = ["title", "service", "kind", "outcome", "started_at"]
    list_filter = ["kind", "outcome", "counts"]
    search_fields = ["title", "version", "external_id"]
