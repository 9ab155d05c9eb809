from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PracticeConfig(AppConfig):
    name = "practice"

    def ready(self) -> None:
        from incidents.catalogue.lifecycle_gates import GATES
        from incidents.events.pages import guard
        from incidents.events.signals import incident_resolved
        from incidents.intake.announced import ANNOUNCERS
        from incidents.palette import PAGES
        from kb.chatops.dispatch import COMMANDS
        from practice.announcements.pull_requests import announce_pull_request
        from practice.audited import watch_models
        from practice.defaults import seed
        from practice.extensions import announce_command, chat_commands, palette, signal_handlers
        from practice.permissions import visible_findings
        from practice.readiness.reviews import missing_for
        from practice.retention import register_kinds

        guard("findings", visible_findings, "practice:finding-close")
        PAGES.register("practice", palette.PAGES)
        COMMANDS.register("budget", chat_commands.BUDGET)
        COMMANDS.register("announce", announce_command.ANNOUNCEMENT)
        COMMANDS.register("coming", announce_command.COMING)
        ANNOUNCERS.register("announcements", announce_pull_request)
        GATES.register("readiness", missing_for)
        incident_resolved.connect(signal_handlers.find_gaps_of)
        post_migrate.connect(seed, sender=self)
        watch_models()
        register_kinds()
