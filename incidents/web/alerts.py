"""The list of alerts."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incidents.alerts.noise import noisy_rules
from incidents.models import (
    Alert,
)
from incidents.permissions import visible_alerts
from incidents.search.query_language import label_of


@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """Alerts that the user may see, and noisy rules."""
    alerts = visible_alerts(request.user).select_related("service", "incident")
    firing = request.GET.get("firing") == "true"
    if firing:
        alerts = alerts.filter(status=Alert.Status.FIRING)
    name = request.GET.get("name", "").replace("\x00", "")[:200]
    if name:
        alerts = alerts.filter(name=name)
    label = request.GET.get("label", "").replace("\x00", "")[:300].strip()
    problem = ""
    if label:
        try:
            alerts = alerts.filter(labels__contains=label_of(label))
        except ValueError as error:
            alerts, problem = alerts.none(), str(error)
    page = Paginator(alerts, 50).get_page(request.GET.get("page"))
    rules = noisy_rules(request.user, limit=25)
    context = {
        "page": page, "rules": rules, "name": name, "firing": firing, "label": label,
        "problem": problem,
    }  # fmt: skip
    return render(request, "incidents/alerts/list.html", context)
