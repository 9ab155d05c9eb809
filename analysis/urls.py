from django.urls import path

from analysis import views

app_name = "analysis"

urlpatterns = [
    path("match/", views.match, name="match"),
    path("incidents/<int:incident>/suggestions/", views.suggestions, name="suggestions"),
    path("incidents/<int:incident>/evidence/", views.evidence, name="evidence"),
    path("incidents/<int:incident>/pull/", views.pull_again, name="pull-again"),
    path("evidence/<int:pk>/", views.evidence_page, name="evidence-item"),
    path("scoreboard/", views.scoreboard, name="scoreboard"),
    path("sources/", views.source_list, name="sources"),
    path("sources/new/<slug:kind>/", views.source_form, name="source-new"),
    path("sources/<int:pk>/edit/", views.source_form, name="source-edit"),
    path("sources/<int:pk>/probe/", views.probe, name="probe"),
]
