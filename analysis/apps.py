import re

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        from analysis.extensions import (  # noqa: F401  (connect themselves on import)
            chat_commands,
            metrics,
            signal_handlers,
            timeline_and_postmortem,
        )
        from common.markdown import OWN_IMAGES

        OWN_IMAGES.add(re.compile(r"/analysis/evidence/\d{1,18}/chart\.(?:png|svg)"))
