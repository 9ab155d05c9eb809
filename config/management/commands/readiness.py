"""Says what is ill and the cure, where nothing serves `/readyz` or curl is missing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config.readiness import checks


class Command(BaseCommand):
    help = "Say what works and what does not, as /readyz; exit code 1 if anything is ill."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = checks()
        for check in found:
            self.stdout.write(f"{check.name}: {check.problem or 'ok'}")
        if any(check.problem for check in found):
            raise SystemExit(1)
