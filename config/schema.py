"""The OpenAPI schema and its browsable page."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """Public: the schema describes the product and contains no data."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []


class SwaggerView(SpectacularSwaggerSplitView):
    """The browsable page, with its script as a separate URL for the content security policy."""

    # The library's own template has styles inline, which the policy refuses.
    template_name = "api/docs.html"
