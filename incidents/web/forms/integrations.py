"""Form of an integration."""

from __future__ import annotations

from django import forms

from incidents.models import Integration


class IntegrationForm(forms.ModelForm):
    """Name and fallback service; the settings of the plug-in are a second form."""

    class Meta:
        model = Integration
        fields = ["name", "service", "enabled"]
