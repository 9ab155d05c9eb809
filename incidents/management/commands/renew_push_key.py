"""A new key for notifications on devices, where the former is lost or known to others."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from incidents.push import devices


class Command(BaseCommand):
    help = (
        "Make a new key for notifications on people's devices, and remove the devices: "
        "each person enables theirs again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        removed = devices.renew_key()
        self.stdout.write(f"The key is new; devices removed: {removed}.")
