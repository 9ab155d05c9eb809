"""Print what is stored of a person."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.management.person import person_named
from accounts.people.exporting import export_person


class Command(BaseCommand):
    help = "Print all that is stored of a person, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        person = person_named(options["username"])
        text = json.dumps(export_person(person), indent=2, ensure_ascii=False, default=str)
        self.stdout.write(text)
