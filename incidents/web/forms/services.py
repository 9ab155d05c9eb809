"""Form of a service."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents.catalogue.lifecycle_gates import why_not
from incidents.models import Service


class ServiceForm(forms.ModelForm):
    class Meta:
        model = Service
        fields = [
            "name", "description", "tier", "lifecycle", "kind", "owner_team", "on_call",
            "runbook_url", "dashboards", "repositories", "depends_on",
        ]  # fmt: skip
        widgets = {
            name: forms.Textarea(attrs={"rows": 3})
            for name in ("description", "dashboards", "repositories")
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "lifecycle" in data and (reason := why_not(self.instance, data)):
            self.add_error("lifecycle", reason)
        return data

    def clean_depends_on(self) -> Any:
        chosen = self.cleaned_data["depends_on"]
        if self.instance.pk and self.instance in chosen:
            raise forms.ValidationError("A service does not depend on itself.")
        return chosen
