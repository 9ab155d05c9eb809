"""Form of a service."""

from __future__ import annotations

from django import forms

from incidents.models import Service


class ServiceForm(forms.ModelForm):
    class Meta:
        model = Service
        fields = [
            "name", "description", "tier", "lifecycle", "kind", "owner", "on_call",
            "runbook_url", "dashboards", "repositories", "telemetry_labels", "depends_on",
        ]  # fmt: skip
        widgets = {
            name: forms.Textarea(attrs={"rows": 3})
            for name in ("description", "dashboards", "repositories")
        }
