"""Every address of the product."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import DefaultRouter

import analysis.api
import analysis.check_api
import analysis.search_api
import incidents.api
import incidents.event_api
import incidents.settings_api
import incidents.timeline_api
import kb.api
import kb.chat_api
import kb.incident_api
import kb.metrics_api
import kb.postmortem_api
import kb.report_api
import practice.api
from config import health, styleguide
from config.schema import SchemaView, SwaggerView
from kb import chat_door

router = DefaultRouter(trailing_slash=True)
router.include_root_view = True
for module in (
    incidents.api,
    incidents.timeline_api,
    incidents.event_api,
    incidents.settings_api,
    kb.api,
    kb.postmortem_api,
    kb.chat_api,
    analysis.api,
    analysis.check_api,
    analysis.search_api,
    practice.api,
):
    for prefix, viewset in module.VIEWSETS.items():
        router.register(prefix, viewset, basename=prefix)
api_views = [
    path(f"{address}/", view.as_view(), name=f"api-{view.__name__}")
    for module in (
        incidents.event_api,
        incidents.settings_api,
        kb.incident_api,
        kb.report_api,
        kb.metrics_api,
        analysis.api,
        analysis.search_api,
        practice.api,
    )
    for address, view in module.VIEWS.items()
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include([*api_views, *router.urls])),
    path("healthz", health.healthz, name="healthz"),
    path("sign-in/", auth_views.LoginView.as_view(), name="login"),
    path("sign-out/", auth_views.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", SwaggerView.as_view(url_name="schema"), name="api-docs"),
    path("chat/<str:slug>/", chat_door.receive, name="chat"),
    path("metrics", kb.metrics_api.MetricsView.as_view(), name="metrics"),
    path("analysis/", include("analysis.urls")),
    path("knowledge/", include("kb.urls")),
    path("practice/", include("practice.urls")),
    path("", include("incidents.urls")),
]


def debug_urls(debug: bool) -> list[URLPattern | URLResolver]:
    """Pages for those who work on the product."""
    return [path("styleguide/", styleguide.show, name="styleguide")] if debug else []


urlpatterns += debug_urls(settings.DEBUG)
