from django.urls import path, re_path

from incidents import views

app_name = "incidents"

urlpatterns = [
    path("", views.incident_list, name="list"),
    path("new/", views.file_new, name="new"),
    re_path(r"^INC-(?P<pk>\d{1,18})/$", views.incident_page, name="incident"),
    re_path(r"^INC-(?P<pk>\d{1,18})/edit/$", views.edit, name="edit"),
    re_path(r"^INC-(?P<pk>\d{1,18})/status/$", views.change_status, name="status"),
    re_path(r"^INC-(?P<pk>\d{1,18})/severity/$", views.change_severity, name="severity"),
    re_path(r"^INC-(?P<pk>\d{1,18})/notes/$", views.write_note, name="note"),
    re_path(r"^INC-(?P<pk>\d{1,18})/timeline/$", views.timeline, name="timeline"),
    path("services/", views.service_list, name="services"),
    path("services/new/", views.service_form, name="service-new"),
    path("services/<int:pk>/", views.service_page, name="service"),
    path("services/<int:pk>/edit/", views.service_form, name="service-edit"),
    path("order/", views.save_order, name="order"),
]
