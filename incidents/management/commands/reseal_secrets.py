"""Seals every stored secret with the newest SECRET_KEY, so that the former one can be dropped."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from common.sealing import SealedColumn, UnreadableSecret, is_sealed_with_newest, sealed_columns
from people import audit


class Command(BaseCommand):
    help = (
        "Seal all stored secrets with SECRET_KEY. Set the new key as SECRET_KEY and the former in "
        "SECRET_KEY_FALLBACKS, run this, then take the fallback away."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = unreadable = 0
        for column in sealed_columns():
            newly, wrong = self._reseal(column)
            done, unreadable = done + newly, unreadable + wrong
        if done:
            audit.record("secrets.resealed", name=f"{done} with the newest key")
        self.stdout.write(f"{done} sealed with the newest key.")
        if unreadable:
            raise CommandError(
                f"{unreadable} cannot be read with any key: put their former key into "
                "SECRET_KEY_FALLBACKS and run this again, or enter them again."
            )

    def _reseal(self, column: SealedColumn) -> tuple[int, int]:
        """How many rows were sealed anew, and how many no key opens."""
        done = unreadable = 0
        rows = column.rows()
        for key in rows.values_list("pk", flat=True):
            with transaction.atomic():
                # Locked: somebody may just be entering another secret.
                locked = rows.select_for_update(of=("self",)).filter(pk=key).first()
                if locked is None:
                    continue
                value = getattr(locked, column.name)
                if all(map(is_sealed_with_newest, column.texts(value))):
                    continue
                try:
                    # By `update`: no signal and no history, as nothing changes for anybody.
                    rows.filter(pk=key).update(**{column.name: column.resealed(value)})
                    done += 1
                except UnreadableSecret:
                    name = column.model._meta.verbose_name
                    self.stderr.write(f"{name} {key}: no key opens it")
                    unreadable += 1
        return done, unreadable
