import re

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from analysis.answers.current import find_answer
        from analysis.audited import watch_models
        from analysis.extensions import (
            chat_commands,
            metrics,
            palette,
            signal_handlers,
            timeline_and_postmortem,
        )
        from analysis.permissions import visible_evidence
        from analysis.retention import register_kinds
        from analysis.suggestions.semantic_channel import check_setting
        from common.markdown import OWN_IMAGES
        from incidents.events.pages import guard
        from incidents.events.signals import (
            incident_filed,
            service_joined,
            similarity_fields_changed,
        )
        from incidents.models import TimelineEntry
        from incidents.palette import FINDERS, PAGES
        from incidents.permissions import visible_incidents
        from incidents.timeline import TIMELINE_SOURCES
        from kb.answers import ANSWERS
        from kb.api.metrics import COLLECTORS
        from kb.chatops.dispatch import COMMANDS
        from kb.permissions import visible_causes, visible_checks
        from kb.postmortems.images import IMAGE_SOURCES
        from kb.postmortems.template_filling import SECTIONS

        guard("evidence", visible_evidence, "analysis:evidence-item")
        guard("incidents' evidence", visible_incidents, "analysis:evidence")
        guard("causes' checks", visible_causes, "analysis:cause-checks")
        guard("checks", visible_checks, "analysis:check-remove")
        PAGES.register("analysis", palette.PAGES)
        FINDERS.register("search", palette.SEARCH)
        ANSWERS.register("suggestions", find_answer)
        COMMANDS.register("ask", chat_commands.ASK)
        COMMANDS.register("similar", chat_commands.SIMILAR)
        COLLECTORS.register("analysis", metrics.analysis_metrics)
        TIMELINE_SOURCES.register("findings", timeline_and_postmortem.finding_entries)
        SECTIONS.register("evidence", timeline_and_postmortem.evidence_section)
        IMAGE_SOURCES.register("charts", timeline_and_postmortem.chart_image)
        charts = re.compile(r"/analysis/evidence/\d{1,18}/chart\.(?:png|svg)")
        OWN_IMAGES.register("charts", charts)
        incident_filed.connect(signal_handlers.pull_evidence_for)
        for changed in (post_save, post_delete):
            changed.connect(signal_handlers.index_note, sender=TimelineEntry)
        service_joined.connect(signal_handlers.pull_evidence_of_service)
        similarity_fields_changed.connect(signal_handlers.rewrite_index)
        check_setting()
        watch_models()
        register_kinds()
