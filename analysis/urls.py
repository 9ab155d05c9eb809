from django.urls import path, re_path

from analysis.web import (
    accuracy,
    checks,
    evidence,
    first_hour,
    gaps,
    home,
    log_signs,
    resolving,
    search,
    services,
    sources,
    suggestions,
    traces,
)

app_name = "analysis"

urlpatterns = [
    path("match/", suggestions.match, name="match"),
    path("incidents/<int:incident>/suggestions/", suggestions.suggestions, name="suggestions"),
    path("incidents/<int:incident>/evidence/", evidence.evidence, name="evidence"),
    path("incidents/<int:incident>/resolve/", resolving.resolve, name="resolve"),
    path("incidents/<int:incident>/resolve/undo/", resolving.undo, name="undo-resolve"),
    path("incidents/<int:incident>/services/", services.service_guesses, name="service-guesses"),
    path("incidents/<int:incident>/pull/", evidence.pull_again, name="pull-again"),
    path("incidents/<int:incident>/pull-also/", evidence.pull_also, name="pull-also"),
    path("incidents/<int:incident>/beside/<int:past>/", evidence.compare, name="beside"),
    path(
        "incidents/<int:incident>/causes/<int:cause>/checks/",
        checks.run_checks,
        name="ask-checks",
    ),
    path("causes/<int:cause>/checks/", checks.cause_checks, name="cause-checks"),
    path("checks/<int:pk>/remove/", checks.remove_check, name="check-remove"),
    re_path(
        r"^evidence/(?P<pk>\d{1,18})/chart\.(?P<kind>svg|png)$",
        evidence.chart_file,
        name="chart-file",
    ),
    path("evidence/<int:pk>/", evidence.evidence_page, name="evidence-item"),
    re_path(
        r"^evidence/(?P<pk>\d{1,18})/traces/(?P<trace>[0-9a-f]{1,32})/$",
        traces.trace_page,
        name="trace",
    ),
    path("first-hour/", first_hour.guide, name="first-hour"),
    path("first-hour/steps/", first_hour.steps, name="first-hour-steps"),
    path("first-hour/link/", first_hour.link, name="first-hour-link"),
    path("home/likely/", home.likely, name="home-likely"),
    path("gaps/", gaps.gap_page, name="gaps"),
    path("gaps/<int:pk>/cause/", gaps.group_cause, name="group-cause"),
    path("search/", search.search, name="search"),
    path("log-lines/", log_signs.log_signs, name="log-signs"),
    path("log-lines/<int:source>/watch/", log_signs.log_watch, name="log-watch"),
    path("scoreboard/", accuracy.scoreboard, name="scoreboard"),
    path("sources/", sources.source_list, name="sources"),
    path("sources/new/<slug:kind>/", sources.source_form, name="source-new"),
    path("sources/<int:pk>/edit/", sources.source_form, name="source-edit"),
    path("sources/<int:pk>/probe/", sources.probe, name="probe"),
]
