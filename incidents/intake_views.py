"""Pages of what comes in by itself: integrations, deliveries, alerts and the rules about them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents import door, lifecycle, working
from incidents.intake import (
    Delivery,
    DeployRule,
    Integration,
    IntegrationSecret,
    MaintenanceWindow,
    TierPolicy,
)
from incidents.intake_forms import DeployRuleForm, IntegrationForm, MaintenanceForm, PolicyForm
from incidents.models import Alert
from incidents.noise import noisy_rules
from incidents.permissions import MANAGE, visible_alerts, visible_incidents
from incidents.search import by_reference
from incidents.views import act, get_incident, number_in
from incidents.webhooks import registry


@require_GET
def integration_list(request: HttpRequest) -> HttpResponse:
    rows = Integration.objects.annotate(
        last=Max("deliveries__received_at"),
        failed=Count("deliveries", filter=Q(deliveries__state=Delivery.State.FAILED)),
    )
    kinds = registry()
    context = {
        "rows": [(row, kinds[row.kind].title if row.kind in kinds else row.kind) for row in rows],
        "kinds": kinds.values(),
    }
    return render(request, "incidents/intake/integrations.html", context)


@permission_required(MANAGE, raise_exception=True)
@require_http_methods(["GET", "POST"])
def integration_new(request: HttpRequest, kind: str) -> HttpResponse:
    plugin = registry().get(kind)
    if plugin is None:
        raise Http404("No such kind of integration.")
    form = IntegrationForm(request.POST or None, initial={"name": plugin.title})
    own = _own_form(plugin, request)
    if request.method == "POST" and form.is_valid() and own.is_valid():
        made = form.save(commit=False)
        made.kind, made.settings = kind, own.cleaned_data
        made.save()
        _, secret = IntegrationSecret.make(made, request.user)
        return _page(request, made, secret=secret)
    context = {"form": form, "own": own, "plugin": plugin}
    status = 422 if request.method == "POST" else 200
    return render(request, "incidents/intake/integration_form.html", context, status=status)


def _own_form(plugin: Any, request: HttpRequest, settings: Any = None) -> forms.Form:
    return plugin.SettingsForm(request.POST or None, initial=settings, prefix="own")


@permission_required(MANAGE, raise_exception=True)
@require_http_methods(["GET", "POST"])
def integration_page(request: HttpRequest, pk: int) -> HttpResponse:
    integration = get_object_or_404(Integration, pk=pk)
    plugin = registry().get(integration.kind)
    form = IntegrationForm(request.POST or None, instance=integration)
    own = _own_form(plugin, request, integration.settings) if plugin else forms.Form(request.POST)
    if request.method == "POST" and form.is_valid() and own.is_valid():
        integration = form.save(commit=False)
        integration.settings = own.cleaned_data
        integration.save()
        messages.success(request, "Saved.")
        return redirect(integration)
    return _page(request, integration, form=form, own=own)


def _page(
    request: HttpRequest, integration: Integration, secret: str = "", **forms_shown: Any
) -> HttpResponse:
    plugin = registry().get(integration.kind)
    in_url = bool(plugin and getattr(plugin.scheme, "in_url", False))
    path = "/v2/enqueue" if integration.kind == "events_v2" else f"/hooks/{integration.slug}/"
    if in_url:
        path += f"{secret}/" if secret else "SECRET/"
    page = Paginator(integration.deliveries.all(), 30).get_page(request.GET.get("page"))
    context = {
        "integration": integration,
        "plugin": plugin,
        "address": request.build_absolute_uri(path),
        "in_url": in_url,
        "secret": secret,
        "secrets": integration.secrets.select_related("author"),
        "page": page,
        **forms_shown,
    }
    return render(request, "incidents/intake/integration.html", context)


@permission_required(MANAGE, raise_exception=True)
@require_POST
def secret_new(request: HttpRequest, pk: int) -> HttpResponse:
    """A further secret beside those there are: replace it at the sender, then revoke the former."""
    integration = get_object_or_404(Integration, pk=pk)
    given = request.POST.get("given", "").strip()
    if given and not 16 <= len(given) <= 200:
        messages.error(request, "A secret has 16 to 200 characters.")
        return redirect(integration)
    _, secret = IntegrationSecret.make(integration, request.user, given)
    if given:
        messages.success(request, "The sender's secret is kept.")
        return redirect(integration)
    return _page(request, integration, secret=secret)


@permission_required(MANAGE, raise_exception=True)
@require_POST
def secret_revoke(request: HttpRequest, pk: int, secret: int) -> HttpResponse:
    row = get_object_or_404(IntegrationSecret, pk=secret, integration_id=pk)
    IntegrationSecret.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now())
    messages.success(request, f"The secret {row} opens nothing any more.")
    return redirect(row.integration)


@permission_required(MANAGE, raise_exception=True)
@require_GET
def delivery_page(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(Delivery.objects.select_related("integration"), pk=pk)
    return render(request, "incidents/intake/delivery.html", {"delivery": delivery})


@permission_required(MANAGE, raise_exception=True)
@require_POST
def delivery_replay(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(Delivery.objects.select_related("integration"), pk=pk)
    working.replay(delivery)
    door.nudge()
    messages.success(request, "It will be worked again in a moment.")
    return redirect("incidents:delivery", delivery.pk)


@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """Alerts as they came, of incidents the asker may see, and the rules that lead nowhere."""
    alerts = visible_alerts(request.user).select_related("service", "incident")
    firing = request.GET.get("firing") == "true"
    if firing:
        alerts = alerts.filter(status=Alert.Status.FIRING)
    name = request.GET.get("name", "").replace("\x00", "")[:200]
    if name:
        alerts = alerts.filter(name=name)
    page = Paginator(alerts, 50).get_page(request.GET.get("page"))
    rules = noisy_rules(request.user, limit=25)
    context = {"page": page, "rules": rules, "name": name, "firing": firing}
    return render(request, "incidents/alerts/list.html", context)


RULES: dict[str, tuple[type[Any], type[forms.ModelForm], str]] = {
    "policies": (TierPolicy, PolicyForm, "policy"),
    "maintenance": (MaintenanceWindow, MaintenanceForm, "maintenance window"),
    "jobs": (DeployRule, DeployRuleForm, "rule for jobs"),
}


@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    context = {
        "policies": TierPolicy.objects.all(),
        "windows": MaintenanceWindow.objects.prefetch_related("services")[:50],
        "jobs": DeployRule.objects.select_related("service"),
        "now": timezone.now(),
    }
    return render(request, "incidents/intake/rules.html", context)


@permission_required(MANAGE, raise_exception=True)
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
        if kind == "maintenance" and not form.instance.author_id:
            form.instance.author = request.user
        form.save()
        messages.success(request, "Saved.")
        return redirect("incidents:intake-rules")
    context = {"form": form, "row": row, "title": title, "removable": row and kind != "policies"}
    status = 422 if request.method == "POST" else 200
    return render(request, "incidents/intake/rule_form.html", context, status=status)


@require_POST
def merge(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    into = by_reference(visible_incidents(request.user), request.POST.get("into", ""))
    if into is None:
        messages.error(request, "Name the incident it is part of, such as INC-42.")
        return redirect(incident)
    return act(request, incident, lambda: lifecycle.merge(into, incident, request.user))


@require_POST
def split(request: HttpRequest, pk: str) -> HttpResponse:
    incident = get_incident(request, pk)
    chosen = [number_in(text) for text in request.POST.getlist("alert")[:1000]]
    alerts = incident.alerts.filter(pk__in=chosen)
    return act(request, incident, lambda: lifecycle.split(incident, alerts, request.user))
