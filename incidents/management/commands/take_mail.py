import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.payloads import BadPayload
from incidents.intake import receiving
from incidents.models import Integration


class Command(BaseCommand):
    help = "Receive a mail message from standard input, as a mail server pipes it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("integration", help="name of the integration of kind E-mail")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["integration"]
        integration = Integration.objects.filter(name=name, kind="email", enabled=True).first()
        if integration is None:
            raise CommandError(f"There is no e-mail integration named {name!r} that is enabled.")
        body = sys.stdin.buffer.read(receiving.MAX_BYTES + 1)
        if len(body) > receiving.MAX_BYTES:
            raise CommandError(f"The message is over {receiving.MAX_BYTES // 1024**2} MB.")
        try:
            receiving.store(integration, {}, body)
        except BadPayload as error:
            raise CommandError(str(error)) from error
