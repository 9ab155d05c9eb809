"""Form of an integration."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.models import Integration


class IntegrationForm(forms.ModelForm):
    """Name and fallback service; the settings of the plug-in are a second form."""

    class Meta:
        model = Integration
        fields = ["name", "service", "enabled"]
        labels = {"name": _("Name"), "service": _("Service"), "enabled": _("Enabled")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["service"].empty_label = _("No service")  # type: ignore[attr-defined]
