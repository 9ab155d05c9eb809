"""Form of a service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.models import CustomField, Service
from incidents.web.forms.custom_fields import CustomFieldsMixin


class ServiceForm(forms.ModelForm, CustomFieldsMixin):
    class Meta:
        model = Service
        fields = [
            "name", "description", "tier", "lifecycle", "kind", "owner", "on_call",
            "runbook_url", "dashboards", "repositories", "telemetry_labels", "depends_on",
        ]  # fmt: skip
        labels = {
            "name": _("Name"),
            "description": _("Description"),
            "tier": _("Tier"),
            "lifecycle": _("Lifecycle"),
            "kind": _("Kind"),
            "owner": _("Owner"),
            "on_call": _("On-call"),
            "runbook_url": _("Runbook url"),
            "dashboards": _("Dashboards"),
            "repositories": _("Repositories"),
            "telemetry_labels": _("Telemetry labels"),
            "depends_on": _("Depends on"),
        }
        widgets = {
            name: forms.Textarea(attrs={"rows": 3})
            for name in ("description", "dashboards", "repositories")
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.add_custom_fields(CustomField.BelongsTo.SERVICES, self.instance)
