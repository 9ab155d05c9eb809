from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        from analysis import chat_commands, metrics, receivers, telling  # noqa: F401  (connect themselves on import)
