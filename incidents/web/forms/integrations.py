"""Form of an integration."""

from __future__ import annotations

from django import forms

from incidents.models import Integration


class IntegrationForm(forms.ModelForm):
    """Name and fallback service; the plug-in's own settings follow in a form of their own."""

    class Meta:
        model = Integration
        fields = ["name", "service", "enabled"]
