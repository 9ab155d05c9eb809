"""Pages of tier policies, maintenance windows, deploy rules and heartbeats."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.language import Text
from common.viewer import signed_in
from incidents.alerts.heartbeats import forget_sender, sender_states
from incidents.intake.rules import save_rule
from incidents.models import (
    DeployRule,
    HeartbeatRule,
    HeartbeatSender,
    MaintenanceWindow,
    TierPolicy,
)
from incidents.permissions import MANAGE
from incidents.web.forms.rules import DeployRuleForm, HeartbeatForm, MaintenanceForm, PolicyForm
from people.permissions import requires

RULES: dict[str, tuple[type[Any], type[forms.ModelForm], Text]] = {
    "policies": (TierPolicy, PolicyForm, _("policy")),
    "maintenance": (MaintenanceWindow, MaintenanceForm, _("maintenance window")),
    "jobs": (DeployRule, DeployRuleForm, _("rule for jobs")),
    "heartbeats": (HeartbeatRule, HeartbeatForm, _("heartbeat")),
}


@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    senders = HeartbeatSender.objects.select_related("rule", "integration")[:200]
    states = sender_states(senders)
    context = {
        "heartbeats": HeartbeatRule.objects.select_related("integration", "service"),
        "senders": [(sender, states[sender.pk]) for sender in senders],
        "policies": TierPolicy.objects.all(),
        "windows": MaintenanceWindow.objects.prefetch_related("services")[:50],
        "jobs": DeployRule.objects.select_related("service"),
        "now": timezone.now(),
    }
    return render(request, "incidents/intake/rules.html", context)


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def rule_form(request: HttpRequest, kind: str, pk: int | None = None) -> HttpResponse:
    if kind not in RULES or (kind == "policies" and pk is None):
        raise Http404("No such rule.")
    model, form_class, title = RULES[kind]
    row = get_object_or_404(model, pk=pk) if pk else None
    if request.method == "POST" and row and "remove" in request.POST and kind != "policies":
        row.delete()
        return redirect("incidents:intake-rules")
    form = form_class(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        # The form has already validated its instance with the rules of the model.
        save_rule(form.instance, signed_in(request), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("incidents:intake-rules")
    context = {"form": form, "row": row, "title": title, "removable": row and kind != "policies"}
    status = 422 if request.method == "POST" else 200
    return render(request, "incidents/intake/rule_form.html", context, status=status)


@requires(MANAGE)
@require_POST
def heartbeat_forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a sender that will not come again."""
    sender = get_object_or_404(HeartbeatSender.objects.select_related("rule", "integration"), pk=pk)
    forget_sender(sender)
    messages.success(
        request, format_lazy(_("{sender} is forgotten until it comes again."), sender=sender)
    )
    return redirect("incidents:intake-rules")
