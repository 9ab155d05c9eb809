"""The OpenAPI schema and its browsable page."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """The schema tells of the product, not of its data, so anyone may read it."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []


class SwaggerView(SpectacularSwaggerSplitView):
    """The browsable page; its script is an address of its own, as the content policy wants."""
