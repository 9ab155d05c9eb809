from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.evidence.source_plugins import plugin_of
from analysis.models import Source
from analysis.sources.base import SourceError

DEADLINE = 10.0


class Command(BaseCommand):
    help = "Probe every enabled source and say what to change where one does not answer."

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for source in Source.objects.filter(enabled=True):
            try:
                line = f"ok      {source.name}: {plugin_of(source).probe(DEADLINE)}"
            except SourceError as error:
                failed += 1
                line = f"FAILED  {source.name}: {error.in_full}"
            self.stdout.write(line)
        if failed:
            raise CommandError(f"{failed} of the sources did not answer.")
