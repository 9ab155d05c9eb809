from django.urls import path

from kb import postmortem_views, report_views, views

app_name = "kb"

_postmortem = "postmortems/<int:pk>/"
urlpatterns = [
    path("causes/", views.cause_list, name="causes"),
    path("causes/new/", views.cause_form, name="cause-new"),
    path("causes/<int:pk>/", views.cause_page, name="cause"),
    path("causes/<int:pk>/edit/", views.cause_form, name="cause-edit"),
    path("causes/<int:pk>/fixed/", views.cause_fixed, name="cause-fixed"),
    path("causes/<int:pk>/merge/", views.cause_merge, name="cause-merge"),
    path("causes/<int:pk>/split/", views.cause_split, name="cause-split"),
    path("postmortems/", postmortem_views.postmortem_list, name="postmortems"),
    path("postmortems/new/", postmortem_views.postmortem_start, name="postmortem-new"),
    path("postmortems/preview/", postmortem_views.preview, name="preview"),
    path(_postmortem, postmortem_views.postmortem_page, name="postmortem"),
    path(f"{_postmortem}edit/", postmortem_views.postmortem_edit, name="postmortem-edit"),
    path(f"{_postmortem}draft/", postmortem_views.draft_save, name="draft"),
    path(f"{_postmortem}versions/", postmortem_views.versions, name="versions"),
    path(f"{_postmortem}publish/", postmortem_views.publish, name="publish"),
    path(f"{_postmortem}reviewers/", postmortem_views.review_ask, name="review-ask"),
    path(f"{_postmortem}review/", postmortem_views.review_answer, name="review-answer"),
    path(f"{_postmortem}comments/", postmortem_views.comment, name="comment"),
    path(
        f"{_postmortem}comments/<int:comment>/",
        postmortem_views.comment_settle,
        name="comment-settle",
    ),
    path(f"{_postmortem}actions/", postmortem_views.action_add, name="action-add"),
    path(f"{_postmortem}pictures/", postmortem_views.picture_add, name="picture-add"),
    path(f"{_postmortem}as/<slug:kind>/", postmortem_views.export, name="export"),
    path("pictures/<int:pk>/", postmortem_views.picture, name="picture"),
    path("actions/", postmortem_views.action_list, name="actions"),
    path("actions/<int:pk>/", postmortem_views.action_form, name="action"),
    path("actions/<int:pk>/state/", postmortem_views.action_state, name="action-state"),
    path("reports/", report_views.report, name="report"),
    path("reports/causes/", report_views.report_causes, name="report-causes"),
    path("incidents/<int:incident>/causes/", views.incident_causes, name="incident-causes"),
    path("incidents/<int:incident>/link/", views.link, name="link"),
    path("incidents/<int:incident>/new-cause/", views.new_cause, name="new-cause"),
    path("incidents/<int:incident>/same-as/", views.same_as, name="same-as"),
    path("incidents/<int:incident>/chain/", views.chain, name="chain"),
    path("incidents/<int:incident>/cite/", views.cite, name="cite"),
]
