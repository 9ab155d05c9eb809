from django.urls import path, re_path

from analysis import check_views, knowledge_views, views

app_name = "analysis"

urlpatterns = [
    path("match/", views.match, name="match"),
    path("incidents/<int:incident>/suggestions/", views.suggestions, name="suggestions"),
    path("incidents/<int:incident>/evidence/", views.evidence, name="evidence"),
    path("incidents/<int:incident>/pull/", views.pull_again, name="pull-again"),
    path("incidents/<int:incident>/pull-also/", views.pull_also, name="pull-also"),
    path("incidents/<int:incident>/beside/<int:past>/", views.beside, name="beside"),
    path(
        "incidents/<int:incident>/causes/<int:cause>/checks/",
        check_views.ask_checks,
        name="ask-checks",
    ),
    path("causes/<int:cause>/checks/", check_views.cause_checks, name="cause-checks"),
    path("checks/<int:pk>/remove/", check_views.remove_check, name="check-remove"),
    re_path(
        r"^evidence/(?P<pk>\d{1,18})/chart\.(?P<kind>svg|png)$", views.chart_file, name="chart-file"
    ),
    path("evidence/<int:pk>/", views.evidence_page, name="evidence-item"),
    path("gaps/", knowledge_views.gap_page, name="gaps"),
    path("gaps/<int:pk>/cause/", knowledge_views.group_cause, name="group-cause"),
    path("search/", knowledge_views.search, name="search"),
    path("scoreboard/", views.scoreboard, name="scoreboard"),
    path("sources/", views.source_list, name="sources"),
    path("sources/new/<slug:kind>/", views.source_form, name="source-new"),
    path("sources/<int:pk>/edit/", views.source_form, name="source-edit"),
    path("sources/<int:pk>/probe/", views.probe, name="probe"),
]
