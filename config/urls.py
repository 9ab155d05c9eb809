"""All URLs."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import health, schema, styleguide
from config.api_discovery import api_urls
from kb.api.metrics import MetricsView
from kb.chatops import endpoints
from kb.tracking import endpoints as tracker_endpoints

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include(api_urls())),
    path("healthz", health.healthz, name="healthz"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("accounts.urls")),
    path("api/schema/", schema.SchemaView.as_view(), name="schema"),
    path("api/docs/", schema.overview, name="api-docs"),
    path("api/docs/guide/", schema.guide, name="api-guide"),
    path("api/docs/try/", schema.SwaggerView.as_view(url_name="schema"), name="api-try"),
    path("api/docs/<str:name>/", schema.operations, name="api-group"),
    path("chat/<str:slug>/", endpoints.receive, name="chat"),
    path("trackers/<str:slug>/", tracker_endpoints.receive, name="tracker-webhook"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("analysis/", include("analysis.urls")),
    path("knowledge/", include("kb.urls")),
    path("practice/", include("practice.urls")),
    path("", include("accounts.people_urls")),
    path("", include("incidents.urls")),
]


def debug_urls(debug: bool) -> list[URLPattern | URLResolver]:
    """Pages for those who work on the product."""
    return [path("styleguide/", styleguide.show, name="styleguide")] if debug else []


def admin_urls(enabled: bool) -> list[URLPattern | URLResolver]:
    """Django's admin, where it is switched on; nothing in daily use needs it."""
    return [path("admin/", admin.site.urls)] if enabled else []


handler400 = "config.odd_requests.bad_request"
urlpatterns += debug_urls(settings.DEBUG) + admin_urls(settings.DJANGO_ADMIN)
