"""Remove the second factors of somebody who cannot sign in with them any more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.management.person import person_named
from accounts.people.states import end_second_factors


class Command(BaseCommand):
    help = "Remove app, passkeys and recovery codes of somebody who lost them, and sign them out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        person = person_named(options["username"])
        end_second_factors(person)
        self.stdout.write(f"{person} signs in without a second factor until they add one.")
