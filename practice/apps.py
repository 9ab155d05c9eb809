from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PracticeConfig(AppConfig):
    name = "practice"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from practice import receivers  # noqa: F401  (connects itself on import)
        from practice.defaults import seed

        post_migrate.connect(seed, sender=self)
