import re

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        from common.markdown import REFERENCE_LINKS
        from incidents.audited import watch_models
        from incidents.retention import register_kinds

        # INC-42 becomes a link, but not inside a link, an address, a path or code.
        reference = re.compile(r"(?<![\w/\[(`-])INC-(\d{1,9})\b(?![\])])")
        REFERENCE_LINKS.register("incidents", (reference, r"[INC-\1](/INC-\1/)"))
        watch_models()
        register_kinds()
