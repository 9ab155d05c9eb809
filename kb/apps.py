import re

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KbConfig(AppConfig):
    name = "kb"
    verbose_name = "Knowledge base"

    def ready(self) -> None:
        from common.markdown import OWN_IMAGES
        from incidents.events.pages import guard
        from incidents.events.signals import visibility_changing
        from incidents.pager_acts import ECHOES, PEOPLE
        from incidents.palette import FINDERS, PAGES
        from incidents.permissions import visible_incidents
        from incidents.search.query_language import SEARCH_FIELDS
        from incidents.search.row_causes import ROW_CAUSES
        from kb import on_call, palette, permissions, row_causes
        from kb.audited import watch_models
        from kb.causes.queries import CAUSE_FIELD
        from kb.chatops import commands  # noqa: F401  (importing them registers them)
        from kb.defaults import seed
        from kb.privacy import follow_visibility
        from kb.retention import register_kinds

        OWN_IMAGES.register("pasted images", re.compile(r"/knowledge/pictures/\d{1,18}/"))
        PAGES.register("knowledge", palette.PAGES)
        FINDERS.register("causes", palette.CAUSES)
        FINDERS.register("postmortems", palette.POSTMORTEMS)
        PEOPLE.register("linked accounts", on_call.linked_account)
        ECHOES.register("notifications", on_call.is_own_acknowledgement)
        SEARCH_FIELDS.register("cause", CAUSE_FIELD)
        ROW_CAUSES.register("linked", row_causes.linked_causes)
        ROW_CAUSES.register("likely", row_causes.likely_causes)
        guard("incidents' causes", visible_incidents, "kb:incident-causes")
        guard("causes", permissions.visible_causes, "kb:cause")
        guard("postmortems", permissions.visible_postmortems, "kb:postmortem")
        guard("pictures", permissions.visible_pictures, "kb:picture")
        guard("action items", permissions.visible_actions, "kb:action")
        visibility_changing.connect(follow_visibility, dispatch_uid="kb.follow_visibility")
        post_migrate.connect(seed, sender=self)
        watch_models()
        register_kinds()
