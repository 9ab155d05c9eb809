"""Every address of the product."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import DefaultRouter

import analysis.api
import analysis.check_api
import incidents.api
import kb.api
from config import health
from config.schema import SchemaView, SwaggerView

router = DefaultRouter(trailing_slash=True)
router.include_root_view = True
for package in (incidents.api, kb.api, analysis.api, analysis.check_api):
    for prefix, viewset in package.VIEWSETS.items():
        router.register(prefix, viewset, basename=prefix)

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("sign-in/", auth_views.LoginView.as_view(), name="login"),
    path("sign-out/", auth_views.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(router.urls)),
    path("api/v1/suggestions/", analysis.api.SuggestForText.as_view(), name="suggest-for-text"),
    path("api/v1/scoreboard/", analysis.api.ScoreboardView.as_view(), name="scoreboard-api"),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", SwaggerView.as_view(url_name="schema"), name="api-docs"),
    path("analysis/", include("analysis.urls")),
    path("knowledge/", include("kb.urls")),
    path("", include("incidents.urls")),
]
