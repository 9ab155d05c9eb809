from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.world_address import world_address


class Command(BaseCommand):
    help = "Make a fault happen in the demo world, or `inject calm` to end them all."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("service", help="such as orders-db, or calm")
        parser.add_argument("fault", nargs="?", default="", help="such as cpu-spike")
        parser.add_argument("--minutes-ago", type=float, default=10.0, help="when it began")
        parser.add_argument(
            "--spread-minutes", type=float, default=0.0, help="until its callers suffer, each"
        )
        parser.add_argument("--world", default=world_address())

    def handle(self, *args: Any, **options: Any) -> None:
        calm = options["service"] == "calm"
        body = {
            "service": options["service"],
            "fault": options["fault"],
            "minutes_ago": options["minutes_ago"],
            "spread_minutes": options["spread_minutes"],
        }
        path = "/calm" if calm else "/faults"
        try:
            answer = httpx.post(options["world"] + path, json=body, timeout=5, trust_env=False)
        except httpx.HTTPError as error:
            raise CommandError("The demo world does not answer. Start it: bin/up --demo") from error
        found = answer.json()
        if answer.status_code != 200:
            raise CommandError(
                f"{found['error']}.\n  services: {', '.join(found.get('services', []))}"
                f"\n  faults: {', '.join(found.get('faults', []))}"
            )
        if calm:
            self.stdout.write(f"Ended {found['ended']} faults.")
        else:
            self.stdout.write(
                f"{options['service']} has {options['fault']} since {options['minutes_ago']:g} min."
            )
