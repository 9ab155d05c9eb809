from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PracticeConfig(AppConfig):
    name = "practice"

    def ready(self) -> None:
        from practice import chat_commands, receivers  # noqa: F401  (connect themselves on import)
        from practice.defaults import seed

        post_migrate.connect(seed, sender=self)
