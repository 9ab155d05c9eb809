from django.urls import path, re_path

from incidents import (
    badges,
    catalogue_views,
    hooks,
    intake_views,
    timeline_views,
    token_views,
    views,
)

app_name = "incidents"

urlpatterns = [
    path("", views.incident_list, name="list"),
    path("new/", views.file_new, name="new"),
    re_path(r"^INC-(?P<pk>\d{1,18})/$", views.incident_page, name="incident"),
    re_path(r"^INC-(?P<pk>\d{1,18})/edit/$", views.edit, name="edit"),
    re_path(r"^INC-(?P<pk>\d{1,18})/status/$", views.change_status, name="status"),
    re_path(r"^INC-(?P<pk>\d{1,18})/severity/$", views.change_severity, name="severity"),
    re_path(r"^INC-(?P<pk>\d{1,18})/notes/$", timeline_views.write, name="note"),
    re_path(r"^INC-(?P<pk>\d{1,18})/timeline/$", views.timeline, name="timeline"),
    re_path(
        r"^INC-(?P<pk>\d{1,18})/timeline/(?P<entry>\d{1,18})/$", timeline_views.edit, name="entry"
    ),
    re_path(
        r"^INC-(?P<pk>\d{1,18})/timeline/(?P<entry>\d{1,18})/mark/$",
        timeline_views.mark,
        name="entry-mark",
    ),
    path("notices/", timeline_views.notices, name="notices"),
    path("notices/read/", timeline_views.notices_read, name="notices-read"),
    path("notices/<int:pk>/", timeline_views.notice_read, name="notice-read"),
    path("badges/<int:pk>.svg", badges.badge, name="badge"),
    path("tokens/", token_views.token_list, name="tokens"),
    path("tokens/<int:pk>/revoke/", token_views.token_revoke, name="token-revoke"),
    path("services/", views.service_list, name="services"),
    path("services/graph/", catalogue_views.service_graph, name="service-graph"),
    path("services/import/", catalogue_views.service_import, name="service-import"),
    path("services/seen/<int:pk>/ignore/", views.seen_ignore, name="seen-ignore"),
    path("services/new/", views.service_form, name="service-new"),
    path("services/<int:pk>/", views.service_page, name="service"),
    path("services/<int:pk>/edit/", views.service_form, name="service-edit"),
    path("order/", views.save_order, name="order"),
    re_path(r"^INC-(?P<pk>\d{1,18})/merge/$", intake_views.merge, name="merge"),
    re_path(r"^INC-(?P<pk>\d{1,18})/split/$", intake_views.split, name="split"),
    path("alerts/", intake_views.alert_list, name="alerts"),
    path("integrations/", intake_views.integration_list, name="integrations"),
    path("integrations/new/<slug:kind>/", intake_views.integration_new, name="integration-new"),
    path("integrations/<int:pk>/", intake_views.integration_page, name="integration"),
    path("integrations/<int:pk>/secrets/", intake_views.secret_new, name="secret-new"),
    path(
        "integrations/<int:pk>/secrets/<int:secret>/revoke/",
        intake_views.secret_revoke,
        name="secret-revoke",
    ),
    path("deliveries/<int:pk>/", intake_views.delivery_page, name="delivery"),
    path("deliveries/<int:pk>/replay/", intake_views.delivery_replay, name="delivery-replay"),
    path("rules/", intake_views.rules, name="intake-rules"),
    path("rules/<slug:kind>/new/", intake_views.rule_form, name="rule-new"),
    path("rules/<slug:kind>/<int:pk>/", intake_views.rule_form, name="rule"),
    path("hooks/<str:slug>/", hooks.receive, name="hook"),
    path("hooks/<str:slug>/<str:key>/", hooks.receive, name="hook-with-key"),
    path("v2/enqueue", hooks.enqueue, name="enqueue"),
    path("v2/change/enqueue", hooks.enqueue, name="change-enqueue"),
]
