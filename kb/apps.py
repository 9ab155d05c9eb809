from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KbConfig(AppConfig):
    name = "kb"
    verbose_name = "Knowledge base"

    def ready(self) -> None:
        from incidents.search.query_language import FIELDS
        from kb.defaults import seed
        from kb.services import SEARCH_FIELDS

        FIELDS.update(SEARCH_FIELDS)
        post_migrate.connect(seed, sender=self)
