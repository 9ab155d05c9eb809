"""Pages of the catalogue: the dependency graph, and imports of catalogues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from common.file_import import ImportReport
from common.language import Text
from common.svg_graph import graph
from incidents.catalogue.dependencies import core_needing_supplementary, dependency_cycles
from incidents.catalogue.formats import registry
from incidents.catalogue.sync import import_catalogue
from incidents.models import Service
from incidents.permissions import IMPORT_CATALOGUE
from incidents.web.forms.files import KindOfFileForm
from incidents.web.shortcuts import add_errors
from people.permissions import requires

MOST_DRAWN, MOST_LISTED = 300, 100


@require_GET
def service_graph(request: HttpRequest) -> HttpResponse:
    services = list(Service.objects.prefetch_related("depends_on"))
    needs = {row.name: [other.name for other in row.depends_on.all()] for row in services}
    tiers = {row.name: row.tier for row in services}
    edges = [(row.pk, other.pk, 1) for row in services for other in row.depends_on.all()]
    drawn = _most_linked(edges)
    names = {row.pk: (row.name, row.get_absolute_url(), row.tier) for row in services}
    linked = {key for edge in edges for key in edge[:2]}
    context = {
        "drawn": graph(
            [edge for edge in edges if drawn.issuperset(edge[:2])],
            {key: name for key, name in names.items() if key in drawn},
            str(_("Which service needs which, left needs right")),
        ),
        "left_out": len(linked) - len(drawn),
        "circles": dependency_cycles(needs)[:MOST_LISTED],
        "leaning": core_needing_supplementary(needs, tiers)[:MOST_LISTED],
        "alone": [row for row in services if row.pk not in linked][:MOST_DRAWN],
        "count": len(services),
    }
    return render(request, "incidents/catalogue/dependencies.html", context)


def _most_linked(edges: list[tuple[int, int, int]]) -> set[int]:
    """The services to draw: of many, those that most others need or that need the most."""
    links = Counter(key for edge in edges for key in edge[:2])
    return {key for key, _ in links.most_common(MOST_DRAWN)}


class CatalogueForm(KindOfFileForm):
    def kinds(self) -> list[tuple[str, str]]:
        return [(kind, f"{p.title} ({p.example})") for kind, p in registry().items()]


@requires(IMPORT_CATALOGUE)
@require_http_methods(["GET", "POST"])
def service_import(request: HttpRequest) -> HttpResponse:
    return preview_then_import(
        request, CatalogueForm, import_catalogue, "incidents/catalogue/import.html",
        "incidents:service-graph", _("services"),
    )  # fmt: skip


def preview_then_import(
    request: HttpRequest, form_class: type[KindOfFileForm], run_import: Callable[..., ImportReport],
    template: str, back: str, what: Text,
) -> HttpResponse:  # fmt: skip
    """A page that imports a file: first a preview of the report, then the import."""
    form = form_class(request.POST or None, request.FILES or None)
    report = None
    if request.method == "POST" and form.is_valid():
        is_preview = "import" not in request.POST
        data = form.cleaned_data
        try:
            report = run_import(data["kind"], data["content"], dry_run=is_preview)
        except ValidationError as error:
            add_errors(form, error)
        else:
            if not is_preview:
                counts = format_lazy(
                    _("{new} new {what}, {changed} changed, {skipped} skipped."),
                    new=len(report.new),
                    what=what,
                    changed=len(report.changed),
                    skipped=len(report.skipped),
                )
                messages.success(request, counts)
                return redirect(back)
            # Browsers do not keep a chosen file: its text is now in the form.
            form = form_class(initial=data)
    status = 422 if request.method == "POST" and report is None else 200
    return render(request, template, {"form": form, "report": report}, status=status)
