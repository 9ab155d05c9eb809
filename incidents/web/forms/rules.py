"""Forms of tier policies, maintenance windows, deploy rules and heartbeats."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

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
        labels = {
            "meaning": _("Meaning"),
            "paging": _("Paging"),
            "target": _("Availability"),
            "opens_after": _("Opens after"),
            "on_quiet": _("When all alerts have ended"),
            "quiet_after": _("After"),
            "postmortem_for": _("Postmortem needed for"),
            "postmortem_within": _("Within"),
        }


class DeployRuleForm(forms.ModelForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=Change.Kind)

    class Meta:
        model = DeployRule
        fields = [
            "pattern", "environment", "branch", "service", "kind", "counts", "ignore", "name",
        ]  # fmt: skip
        labels = {
            "pattern": _("Pattern"),
            "environment": _("Environment"),
            "branch": _("Branch"),
            "service": _("Service"),
            "counts": _("As a change of production"),
            "ignore": _("Is not a change"),
        }


class HeartbeatForm(forms.ModelForm):
    class Meta:
        model = HeartbeatRule
        fields = ["pattern", "integration", "interval", "service", "name"]
        labels = {
            "pattern": _("Alert"),
            "integration": _("Integration"),
            "interval": _("Interval"),
            "service": _("Service"),
        }


class MaintenanceForm(forms.ModelForm):
    starts_at = time_field(label=_("Starts"), required=True)
    ends_at = time_field(label=_("Ends"), required=True)

    class Meta:
        model = MaintenanceWindow
        fields = ["services", "reason", "starts_at", "ends_at"]
        labels = {"services": _("Services"), "reason": _("Reason")}
