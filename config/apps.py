"""Django's admin with the site of this product, and what holds for the models of all packages."""

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig

# Whoever sends a task needs the application. Not in `config/__init__.py`: bin/up and the processes
# that only become another program would load it, for half a second each.
from config.celery import app as celery_app

__all__ = ["AdministrationConfig", "OperatingConfig", "celery_app"]

OURS = ("people", "incidents", "kb", "analysis", "practice")


class AdministrationConfig(AdminConfig):
    default_site = "config.admin_site.AdministratorsSite"

    def ready(self) -> None:
        super().ready()
        from common.text_limits import limit_texts
        from config.observability import error_reports, traces
        from config.observability.product_metrics import product_metrics
        from kb.api.metrics import COLLECTORS

        for name in OURS:
            limit_texts(apps.get_app_config(name).get_models())
        COLLECTORS.register("running product", product_metrics)
        error_reports.start()
        traces.start()


class OperatingConfig(AppConfig):
    """The commands and tasks of running the product: backups."""

    name = "config"
