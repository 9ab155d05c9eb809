"""Erase the personal data of somebody who left."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.person import person_named
from accounts.people.erasing import erase_person


class Command(BaseCommand):
    help = "Erase the personal data of somebody for ever; what they wrote stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        person = person_named(options["username"])
        if not options["yes"] and input(f"Erase {person} for ever? Type yes: ").strip() != "yes":
            raise CommandError("Nothing was erased.")
        try:
            name = erase_person(person)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"Erased. What they wrote is by “{name}” from now on.")
