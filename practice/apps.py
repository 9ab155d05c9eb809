from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PracticeConfig(AppConfig):
    name = "practice"

    def ready(self) -> None:
        from practice.defaults import seed
        from practice.extensions import chat_commands, signal_handlers  # noqa: F401  (connect themselves on import)

        post_migrate.connect(seed, sender=self)
