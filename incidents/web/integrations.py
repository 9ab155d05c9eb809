"""Pages of integrations and their deliveries."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.plugin_settings import PluginSettings
from common.viewer import signed_in
from incidents.alerts.grouping import source_of
from incidents.guides import filled_in, sample_name
from incidents.intake import processing
from incidents.intake.sample_delivery import send_test
from incidents.intake.wake_workers import wake_workers
from incidents.models import (
    Delivery,
    Integration,
    IntegrationSecret,
    Service,
)
from incidents.permissions import MANAGE, visible_alerts
from incidents.web.forms.integrations import IntegrationForm
from incidents.web.shortcuts import act_and_redirect, submitted_text
from incidents.webhooks import registry
from people import audit
from people.permissions import requires

ENTER_AGAIN = _(
    "A secret of this integration cannot be read with this SECRET_KEY: make another, or enter "
    "the sender's own again."
)


@require_GET
def integration_list(request: HttpRequest) -> HttpResponse:
    rows = Integration.objects.annotate(
        last=Max("deliveries__received_at"),
        failed=Count("deliveries", filter=Q(deliveries__state=Delivery.State.FAILED)),
    )
    kinds = registry()
    context = {
        "rows": [(row, kinds[row.kind].title if row.kind in kinds else row.kind) for row in rows],
        "alert_kinds": [kind for kind in kinds.values() if kind.brings != "changes"],
        "change_kinds": [kind for kind in kinds.values() if kind.brings == "changes"],
    }
    return render(request, "incidents/intake/integrations.html", context)


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def integration_new(request: HttpRequest, kind: str) -> HttpResponse:
    plugin = registry().get(kind)
    if plugin is None:
        raise Http404("No such kind of integration.")
    integration = Integration(kind=kind)
    form = IntegrationForm(
        request.POST or None, instance=integration, initial={"name": plugin.title}
    )
    own_settings = PluginSettings(plugin.SettingsForm, integration)
    own = own_settings.page_form(request.POST or None, prefix="own")
    if request.method == "POST" and form.is_valid() and own.is_valid():
        own_settings.apply(own)
        form.save()
        _row, secret = IntegrationSecret.issue(integration, signed_in(request))
        return _page(request, integration, secret=secret)
    context = {"form": form, "own": own, "plugin": plugin}
    status = 422 if request.method == "POST" else 200
    return render(request, "incidents/intake/integration_form.html", context, status=status)


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def integration_page(request: HttpRequest, pk: int) -> HttpResponse:
    integration = get_object_or_404(Integration, pk=pk)
    plugin = registry().get(integration.kind)
    form = IntegrationForm(request.POST or None, instance=integration)
    own_settings = PluginSettings(plugin.SettingsForm if plugin else forms.Form, integration)
    own = own_settings.page_form(request.POST or None, prefix="own")
    if request.method == "POST" and form.is_valid() and own.is_valid():
        own_settings.apply(own)
        form.save()
        messages.success(request, _("Saved."))
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
    secrets = list(integration.secrets.select_related("author"))
    if any(row.revoked_at is None and not row.is_readable for row in secrets):
        messages.warning(request, ENTER_AGAIN)
    page = Paginator(integration.deliveries.all(), 30).get_page(request.GET.get("page"))
    context = {
        "integration": integration,
        "plugin": plugin,
        "address": request.build_absolute_uri(path),
        "in_url": in_url,
        "guide": filled_in(integration.kind, request.build_absolute_uri(path), secret),
        "sample": sample_name(integration.kind),
        "services": Service.objects.values_list("name", flat=True)[:1000],
        **_waiting_context(request, integration),
        "secret": secret,
        "secrets": secrets,
        "page": page,
        **forms_shown,
    }
    return render(request, "incidents/intake/integration.html", context)


def _waiting_context(request: HttpRequest, integration: Integration) -> dict[str, Any]:
    """What it delivered last, the incident that its newest alert is part of, and a key of both."""
    last, newest = integration.deliveries.first(), None
    if last and last.worked_at:
        alerts = visible_alerts(request.user).filter(source=source_of(integration))
        newest = alerts.exclude(incident=None).select_related("incident").order_by("-pk").first()
    return {
        "integration": integration,
        "last": last,
        "incident": newest.incident if newest else None,
        "seen": f"{last.pk}-{last.state}" if last else "nothing",
    }


@requires(MANAGE)
@require_GET
def waiting(request: HttpRequest, pk: int) -> HttpResponse:
    """What was received last; nothing (204) if the page shows that already."""
    context = _waiting_context(request, get_object_or_404(Integration, pk=pk))
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    response = render(request, "incidents/intake/_waiting.html", context)
    if context["last"] and context["last"].worked_at:
        response["HX-Trigger"] = "step-done"
    return response


@requires(MANAGE)
@require_POST
def test_send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the sample of its kind through its own address, for a service of the catalogue."""
    integration = get_object_or_404(Integration, pk=pk)
    name = submitted_text(request, "service").strip()

    def act() -> None:
        service = Service.objects.filter(name__iexact=name).first() if name else None
        if name and service is None:
            raise ValidationError(
                _("No service of the catalogue is called “%(name)s”."), params={"name": name[:100]}
            )
        send_test(integration, service)

    return act_and_redirect(request, f"{integration.get_absolute_url()}#test", act)


@requires(MANAGE)
@require_POST
def secret_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a secret: enter it at the sender, then revoke the old one."""
    integration = get_object_or_404(Integration, pk=pk)
    given = request.POST.get("given", "").strip()
    if given and not 16 <= len(given) <= 200:
        messages.error(request, _("A secret has 16 to 200 characters."))
        return redirect(integration)
    _row, secret = IntegrationSecret.issue(integration, signed_in(request), given)
    if given:
        messages.success(request, _("The sender's secret is stored."))
        return redirect(integration)
    return _page(request, integration, secret=secret)


@requires(MANAGE)
@require_POST
def secret_revoke(request: HttpRequest, pk: int, secret: int) -> HttpResponse:
    row = get_object_or_404(IntegrationSecret, pk=secret, integration_id=pk)
    unrevoked = IntegrationSecret.objects.filter(pk=row.pk, revoked_at=None)
    audit.update(unrevoked, revoked_at=timezone.now())
    messages.success(request, format_lazy(_("The secret {secret} was revoked."), secret=row))
    return redirect(row.integration)


@requires(MANAGE)
@require_GET
def delivery_page(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(Delivery.objects.select_related("integration"), pk=pk)
    return render(request, "incidents/intake/delivery.html", {"delivery": delivery})


@requires(MANAGE)
@require_POST
def delivery_replay(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(Delivery.objects.select_related("integration"), pk=pk)
    processing.replay(delivery)
    wake_workers()
    messages.success(request, _("It will be processed again in a moment."))
    return redirect("incidents:delivery", delivery.pk)
