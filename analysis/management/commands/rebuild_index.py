from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand

from analysis.suggestions.live_index import index_file, write_file


class Command(BaseCommand):
    help = "Rebuild the similarity index from the database, for instance after a restore."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        write_file(even_if_fresh=True)
        took = time.monotonic() - began
        self.stdout.write(f"Wrote {index_file()} in {took:.1f} s.")
