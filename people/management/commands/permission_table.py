"""Print the table of acts and roles that docs/permissions.md shows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.urls import get_resolver

from people.table import table_lines


class Command(BaseCommand):
    help = "Print which role may do what, as a table in Markdown."

    def handle(self, *args: Any, **options: Any) -> None:
        # Packages declare their acts when their pages are loaded.
        assert get_resolver().url_patterns
        for line in table_lines():
            self.stdout.write(line)
