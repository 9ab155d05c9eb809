"""Seals every stored secret with the newest SECRET_KEY, so that the former one can be dropped."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from common.sealing import FIELD, is_sealed_with_newest, reseal, sealed_models
from people import audit


class Command(BaseCommand):
    help = (
        "Seal all stored secrets with SECRET_KEY. Set the new key as SECRET_KEY and the former in "
        "SECRET_KEY_FALLBACKS, run this, then take the fallback away."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = unreadable = 0
        for model in sealed_models():
            newly, wrong = self._reseal(model)
            done, unreadable = done + newly, unreadable + wrong
        if done:
            audit.record("secrets.resealed", name=f"{done} with the newest key")
        self.stdout.write(f"{done} sealed with the newest key.")
        if unreadable:
            raise CommandError(
                f"{unreadable} cannot be read with any key: put their former key into "
                "SECRET_KEY_FALLBACKS and run this again, or enter them again."
            )

    def _reseal(self, model: type[models.Model]) -> tuple[int, int]:
        """How many rows were sealed anew, and how many no key opens."""
        done = unreadable = 0
        rows = model._base_manager.exclude(**{FIELD: ""})
        for key in rows.values_list("pk", flat=True):
            with transaction.atomic():
                # Locked: somebody may just be entering another secret.
                locked = rows.select_for_update(of=("self",)).filter(pk=key).first()
                sealed = getattr(locked, FIELD, "")
                if not sealed or is_sealed_with_newest(sealed):
                    continue
                try:
                    # By `update`: no signal and no history, as nothing changes for anybody.
                    rows.filter(pk=key).update(**{FIELD: reseal(sealed)})
                    done += 1
                except ValueError:
                    self.stderr.write(f"{model._meta.verbose_name} {key}: no key opens it")
                    unreadable += 1
        return done, unreadable
