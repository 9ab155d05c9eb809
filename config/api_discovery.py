"""Finds the API resources: every module in `<package>/api/` declares its own."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from django.apps import apps
from django.urls import URLPattern, URLResolver, path
from django.utils.module_loading import module_has_submodule
from rest_framework.routers import DefaultRouter


def api_modules() -> Iterator[ModuleType]:
    """The modules in the `api` package of each installed app, in a stable order."""
    for config in apps.get_app_configs():
        if config.module is None or not module_has_submodule(config.module, "api"):
            continue
        package = import_module(f"{config.name}.api")
        folders = getattr(package, "__path__", [])
        for found in sorted(pkgutil.iter_modules(folders), key=lambda each: each.name):
            yield import_module(f"{package.__name__}.{found.name}")


def api_urls() -> list[URLPattern | URLResolver]:
    """Routes of all `VIEWSETS` (prefix → class) and `VIEWS` (path → class)."""
    router = DefaultRouter(trailing_slash=True)
    views = []
    for module in api_modules():
        for prefix, viewset in getattr(module, "VIEWSETS", {}).items():
            router.register(prefix, viewset, basename=prefix)
        for address, view in getattr(module, "VIEWS", {}).items():
            views.append(path(f"{address}/", view.as_view(), name=f"api-{view.__name__}"))
    return [*views, *router.urls]
