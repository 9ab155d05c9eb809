"""Forms of tier policies, maintenance windows, deploy rules and heartbeats."""

from __future__ import annotations

from django import forms

from incidents.models import Change, DeployRule, HeartbeatRule, MaintenanceWindow, TierPolicy
from incidents.web.forms.incidents import time_field


class PolicyForm(forms.ModelForm):
    class Meta:
        model = TierPolicy
        fields = [
            "meaning",
            "paging",
            "target",
            "opens_after",
            "on_quiet",
            "quiet_after",
            "postmortem_for",
            "postmortem_within",
        ]


class DeployRuleForm(forms.ModelForm):
    kind = forms.ChoiceField(choices=Change.Kind)

    class Meta:
        model = DeployRule
        fields = ["pattern", "environment", "branch", "service", "kind", "counts", "ignore"]


class HeartbeatForm(forms.ModelForm):
    class Meta:
        model = HeartbeatRule
        fields = ["pattern", "integration", "interval", "service"]


class MaintenanceForm(forms.ModelForm):
    starts_at = time_field(label="Starts", required=True)
    ends_at = time_field(label="Ends", required=True)

    class Meta:
        model = MaintenanceWindow
        fields = ["services", "reason", "starts_at", "ends_at"]
