"""Django's admin with the site of this product."""

from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    default_site = "config.admin_site.AdministratorsSite"
