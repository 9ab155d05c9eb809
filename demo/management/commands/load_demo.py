from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from analysis.evidence import planning
from analysis.models import Source
from config import env
from demo.management.commands.demo_world import episodes_path
from demo.seed.history import create_history, create_services, create_sources
from demo.seed.practice import load_practice
from demo.world.faults import Episodes
from demo.world_address import DEFAULT_WORLD, world_address
from incidents.models import Incident, Service
from kb.models import Cause

RECENT = timedelta(days=40)
"""Incidents this recent have a fault in the demo world, so that evidence can be pulled for them."""


def move_world(address: str) -> None:
    """Sources of the demo follow when its telemetry is served at another port than last time."""
    file = env.data_dir() / "demo-world"
    before = file.read_text() if file.exists() else DEFAULT_WORLD
    if before != address:
        for source in Source.objects.filter(settings__url=before):
            source.settings["url"] = address
            source.save(update_fields=["settings"])
    file.write_text(address)


class Command(BaseCommand):
    help = "Fill an empty database with the demo shop: services, causes and 150 past incidents."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--world", default=world_address())

    def handle(self, *args: Any, **options: Any) -> None:
        move_world(options["world"])
        if Incident.objects.exists() or Service.objects.exists():
            self.stdout.write("There are incidents or services already; the demo adds none.")
            return
        with transaction.atomic():
            services = create_services()
            create_sources(options["world"])
            incidents, episodes = create_history(services)
            load_practice(services)
        world = Episodes(episodes_path())
        for episode in episodes:
            world.add(episode)
        recent = timezone.now() - RECENT
        for incident in incidents:
            if incident.impact_started_at > recent:
                planning.plan_evidence(incident)
        self.stdout.write(
            f"Demo: {len(services)} services, {Cause.objects.count()} causes, "
            f"{len(incidents)} past incidents."
        )
