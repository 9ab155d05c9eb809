from django.urls import path

from practice import record_views, slo_views, views

app_name = "practice"

urlpatterns = [
    path("", views.board, name="board"),
    path("services/<int:pk>/panel/", views.panel, name="panel"),
    path("services/<int:pk>/phases/", views.phases, name="phases"),
    path("services/<int:pk>/readiness/", views.readiness, name="readiness"),
    path("services/<int:pk>/stage/", views.stage, name="stage"),
    path("services/<int:pk>/records/", record_views.records, name="records"),
    path("services/<int:pk>/load-tests/new/", record_views.load_test, name="load-test"),
    path("services/<int:pk>/drills/new/", record_views.drill, name="drill"),
    path("services/<int:pk>/capacity/new/", record_views.capacity, name="capacity-new"),
    path("services/<int:pk>/capacity/<int:key>/", record_views.capacity, name="capacity"),
    path("reviews/<int:pk>/", views.review, name="review"),
    path("reviews/<int:pk>/items/<int:item>/", views.answer, name="answer"),
    path("findings/<int:pk>/close/", views.finding_close, name="finding-close"),
    path("checklists/", views.checklists, name="checklists"),
    path("checklists/<slug:tier>/", views.checklist, name="checklist"),
    path("slos/", slo_views.slo_list, name="slos"),
    path("slos/new/", slo_views.slo_form, name="slo-new"),
    path("slos/import/", slo_views.slo_import, name="slo-import"),
    path("slos/rules.yml", slo_views.rule_file, name="slo-rules"),
    path("slos/<int:pk>/", slo_views.slo_page, name="slo"),
    path("slos/<int:pk>/edit/", slo_views.slo_form, name="slo-edit"),
    path("slos/<int:pk>/count/", slo_views.slo_count, name="slo-count"),
    path("map/", record_views.practice_map, name="map"),
    path("map/<int:pk>/", record_views.practice, name="practice"),
    path("monthly/", record_views.review, name="monthly"),
    path("monthly/<str:month>/", record_views.review, name="month"),
]
