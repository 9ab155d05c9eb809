from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from demo.world.faults import Episodes
from demo.world.server import make_server
from demo.world.telemetry import World


def episodes_path() -> Path:
    return settings.DATA_DIR / "demo" / "faults.json"


class Command(BaseCommand):
    help = "Serve the demo shop's telemetry over the Prometheus and Loki HTTP APIs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=9810)

    def handle(self, *args: Any, **options: Any) -> None:
        server = make_server(World(Episodes(episodes_path())), options["port"])
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.shutdown()
