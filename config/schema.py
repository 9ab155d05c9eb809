"""The OpenAPI schema, and the pages that show it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.api_reference import Group, matching, read_groups
from incidents.guides import with_page_links

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
MOST_WORDS = 100
_TRY_SCRIPTS = ("swagger-ui-bundle.js", "swagger-ui-standalone-preset.js")


@cache
def api_schema() -> dict[str, Any]:
    """The schema in English. It follows from the code alone, so it lives as long as the process."""
    with translation.override("en"):
        return dict(SchemaGenerator().get_schema(request=None, public=True))


@cache
def api_groups() -> tuple[Group, ...]:
    return read_groups(api_schema())


@cache
def try_page_bytes() -> int:
    """Size of the scripts that the page for trying requests loads when it is asked to."""
    paths = [
        finders.find(f"drf_spectacular_sidecar/swagger-ui-dist/{each}") for each in _TRY_SCRIPTS
    ]
    return sum(Path(path).stat().st_size for path in paths if path)


class CachedSchema(SchemaGenerator):
    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        return api_schema()


class SchemaView(SpectacularAPIView):
    """Public: the schema describes the product and contains no data."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    generator_class = CachedSchema


class SwaggerView(SpectacularSwaggerSplitView):
    """Requests tried in the browser; the script has a URL of its own for the content policy."""

    # The library's own template has styles inline, which the policy refuses.
    template_name = "api/try.html"

    def get(self, *args: Any, **options: Any) -> Any:
        response = super().get(*args, **options)
        response.data["try_bytes"] = try_page_bytes()
        return response


@login_not_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """All operations by group, or those that match the words of `q`. Public, as the schema is."""
    words = request.GET.get("q", "")[:MOST_WORDS]
    groups = matching(api_groups(), words)
    return render(request, "api/overview.html", {"groups": groups, "q": words})


@login_not_required
@require_safe
def operations(request: HttpRequest, name: str) -> HttpResponse:
    """The operations of one group, each with fields and examples."""
    group = next((each for each in api_groups() if each.name == name), None)
    if group is None:
        raise Http404("The API has no group of this name.")
    return render(request, "api/group.html", {"group": group})


@login_not_required
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """The guide of the API, docs/api.md."""
    if not GUIDE.is_file():
        raise Http404("This installation has no guide of the API.")
    text = with_page_links(GUIDE.read_text(encoding="utf-8"))
    return render(request, "api/guide.html", {"guide": text})
