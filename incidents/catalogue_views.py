"""Pages of the catalogue: who depends on whom, and taking a catalogue in from elsewhere."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from incidents.catalogue import registry
from incidents.cataloguing import take_catalogue
from incidents.drawing import graph
from incidents.graph import circles, leaning
from incidents.models import Service
from incidents.views import add_errors


@require_GET
def service_graph(request: HttpRequest) -> HttpResponse:
    services = list(Service.objects.prefetch_related("depends_on"))
    needs = {row.name: [other.name for other in row.depends_on.all()] for row in services}
    tiers = {row.name: row.tier for row in services}
    edges = [(row.pk, other.pk, 1) for row in services for other in row.depends_on.all()]
    names = {row.pk: (row.name, row.get_absolute_url(), row.tier) for row in services}
    linked = {key for edge in edges for key in edge[:2]}
    context = {
        "drawn": graph(edges, names, "Which service needs which, left needs right"),
        "circles": circles(needs),
        "leaning": leaning(needs, tiers),
        "alone": [row for row in services if row.pk not in linked],
        "count": len(services),
    }
    return render(request, "incidents/service_graph.html", context)


class CatalogueForm(forms.Form):
    kind = forms.ChoiceField(label="What it is")
    file = forms.FileField(required=False)
    content = forms.CharField(
        label="Or paste it", required=False, widget=forms.Textarea(attrs={"rows": 12})
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = [(kind, f"{p.title} ({p.example})") for kind, p in registry().items()]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("file"):
            data["content"] = data["file"].read().decode("utf-8", "replace")
        if not (data.get("content") or "").strip():
            raise ValidationError("Choose a file, or paste its text.")
        return data


@permission_required("incidents.add_service", raise_exception=True)
@require_http_methods(["GET", "POST"])
def service_import(request: HttpRequest) -> HttpResponse:
    """First shown what it would bring (“Look”), then taken."""
    form = CatalogueForm(request.POST or None, request.FILES or None)
    report = None
    if request.method == "POST" and form.is_valid():
        looking = "take" not in request.POST
        data = form.cleaned_data
        try:
            report = take_catalogue(data["kind"], data["content"], dry_run=looking)
        except ValidationError as error:
            add_errors(form, error)
        else:
            if not looking:
                told = f"{len(report.new)} new services, {len(report.changed)} changed"
                messages.success(request, f"{told}, {len(report.skipped)} things skipped.")
                return redirect("incidents:service-graph")
            # The file cannot be chosen again by itself: its text stands in the form now.
            form = CatalogueForm(initial=data)
    status = 422 if request.method == "POST" and report is None else 200
    context = {"form": form, "report": report}
    return render(request, "incidents/service_import.html", context, status=status)
