from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KbConfig(AppConfig):
    name = "kb"
    verbose_name = "Knowledge base"

    def ready(self) -> None:
        from incidents.search.query_language import FIELDS
        from kb.causes.queries import SEARCH_FIELDS
        from kb.chatops import commands  # noqa: F401  (importing registers them)
        from kb.defaults import seed

        FIELDS.update(SEARCH_FIELDS)
        post_migrate.connect(seed, sender=self)
