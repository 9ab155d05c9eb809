from django.urls import path

from kb import views

app_name = "kb"

urlpatterns = [
    path("causes/", views.cause_list, name="causes"),
    path("causes/new/", views.cause_form, name="cause-new"),
    path("causes/<int:pk>/", views.cause_page, name="cause"),
    path("causes/<int:pk>/edit/", views.cause_form, name="cause-edit"),
    path("postmortems/", views.postmortem_list, name="postmortems"),
    path("postmortems/new/", views.postmortem_form, name="postmortem-new"),
    path("postmortems/<int:pk>/", views.postmortem_page, name="postmortem"),
    path("postmortems/<int:pk>/edit/", views.postmortem_form, name="postmortem-edit"),
    path("incidents/<int:incident>/causes/", views.incident_causes, name="incident-causes"),
    path("incidents/<int:incident>/link/", views.link, name="link"),
    path("incidents/<int:incident>/new-cause/", views.new_cause, name="new-cause"),
]
