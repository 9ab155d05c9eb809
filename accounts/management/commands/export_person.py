"""Print what is stored of a person."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.people.exporting import export_person


class Command(BaseCommand):
    help = "Print all that is stored of a person, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"There is no account named {options['username']}.")
        text = json.dumps(export_person(person), indent=2, ensure_ascii=False, default=str)
        self.stdout.write(text)
