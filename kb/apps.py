import re

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KbConfig(AppConfig):
    name = "kb"
    verbose_name = "Knowledge base"

    def ready(self) -> None:
        from common.markdown import OWN_IMAGES
        from incidents.search.query_language import SEARCH_FIELDS
        from kb.audited import watch_models
        from kb.causes.queries import CAUSE_FIELD
        from kb.chatops import commands  # noqa: F401  (importing them registers them)
        from kb.defaults import seed

        OWN_IMAGES.register("pasted images", re.compile(r"/knowledge/pictures/\d{1,18}/"))
        SEARCH_FIELDS.register("cause", CAUSE_FIELD)
        post_migrate.connect(seed, sender=self)
        watch_models()
