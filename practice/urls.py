from django.urls import path

from practice.web import (
    home,
    monthly_review,
    onboarding,
    practice_map,
    readiness,
    records,
    service_list,
    service_panel,
    slos,
)

app_name = "practice"

urlpatterns = [
    path("home/due/", home.due, name="home-due"),
    path("", onboarding.board, name="board"),
    path("services/figures/", service_list.figures, name="service-figures"),
    path("services/<int:pk>/panel/", service_panel.panel, name="panel"),
    path("services/<int:pk>/phases/", onboarding.phases, name="phases"),
    path("services/<int:pk>/readiness/", readiness.readiness, name="readiness"),
    path("services/<int:pk>/stage/", readiness.stage, name="stage"),
    path("services/<int:pk>/records/", records.records, name="records"),
    path("services/<int:pk>/load-tests/new/", records.load_test, name="load-test"),
    path("services/<int:pk>/drills/new/", records.drill, name="drill"),
    path("services/<int:pk>/capacity/new/", records.capacity_form, name="capacity-new"),
    path("services/<int:pk>/capacity/<int:key>/", records.capacity_form, name="capacity"),
    path("reviews/<int:pk>/", readiness.review, name="review"),
    path("reviews/<int:pk>/items/<int:item>/", readiness.answer, name="answer"),
    path("findings/<int:pk>/close/", readiness.finding_close, name="finding-close"),
    path("checklists/", readiness.checklists, name="checklists"),
    path("checklists/<slug:tier>/", readiness.checklist, name="checklist"),
    path("slos/", slos.slo_list, name="slos"),
    path("slos/new/", slos.slo_form, name="slo-new"),
    path("slos/import/", slos.slo_import, name="slo-import"),
    path("slos/rules.yml", slos.rule_file, name="slo-rules"),
    path("slos/<int:pk>/", slos.slo_page, name="slo"),
    path("slos/<int:pk>/edit/", slos.slo_form, name="slo-edit"),
    path("slos/<int:pk>/count/", slos.slo_count, name="slo-count"),
    path("map/", practice_map.map_page, name="map"),
    path("map/new/", practice_map.node_form, name="practice-new"),
    path("map/<int:pk>/", practice_map.practice, name="practice"),
    path("map/<int:pk>/edit/", practice_map.node_form, name="practice-edit"),
    path("monthly/", monthly_review.review, name="monthly"),
    path("monthly/<str:month>/", monthly_review.review, name="month"),
]
