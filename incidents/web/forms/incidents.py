"""Forms of incidents."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from incidents.models import CustomField, Incident, Service
from incidents.web.forms.custom_fields import CustomFieldsMixin


class TimeField(forms.DateTimeField):
    """A time on the reader's clock; the label says which zone that is."""

    def get_bound_field(self, form: Any, field_name: str) -> forms.BoundField:
        bound = super().get_bound_field(form, field_name)
        bound.label = f"{bound.label} ({timezone.get_current_timezone_name()})"
        return bound


def time_field(required: bool = False, **attrs: Any) -> TimeField:
    return TimeField(
        required=required,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"
        ),
        input_formats=[
            "%Y-%m-%dT%H:%M:%S",
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%d %H:%M",
            "%Y-%m-%d %H:%M:%S",
        ],
        **attrs,
    )


class FilingForm(CustomFieldsMixin):
    title = forms.CharField(
        max_length=300,
        widget=forms.TextInput(
            attrs={"autofocus": True, "placeholder": "orders-db CPU at 95 %, checkout slow"}
        ),
        help_text="What do users or monitors see?",
    )
    services = forms.ModelMultipleChoiceField(
        Service.objects.all(), required=False, help_text="Those named in the title are added."
    )
    severity = forms.ChoiceField(choices=Incident.Severity, initial=Incident.Severity.SEV3)
    symptom = forms.CharField(
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": "Error messages, numbers, alerts…"}),
        help_text="Markdown. Paste log lines and errors as they are.",
    )
    impact_started_at = time_field(
        label="Impact started", help_text="Empty means now. Evidence is pulled around it."
    )
    private = forms.BooleanField(
        required=False, help_text="Only you and people you add later can see it."
    )

    def __init__(self, *args: Any, incident: Incident | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_custom_fields(CustomField.BelongsTo.INCIDENTS, incident)


class EditForm(FilingForm):
    resolution = forms.CharField(
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What ended it. Shown when something similar happens again.",
    )
    open_related = forms.BooleanField(
        required=False,
        label="Its causes and postmortems too",
        help_text="If it becomes public: what was made from it does as well.",
    )
    detected_at = time_field(label="Detected")
    acknowledged_at = time_field(label="Acknowledged")
    mitigated_at = time_field(label="Mitigated")
    resolved_at = time_field(label="Resolved")

    field_order = [
        "title", "services", "symptom", "resolution", "impact_started_at", "detected_at",
        "acknowledged_at", "mitigated_at", "resolved_at", "private", "open_related",
    ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["severity"]
        if not self.initial.get("private"):
            del self.fields["open_related"]
        self.fields["impact_started_at"].required = True
