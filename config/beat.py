"""Celery beat with its schedule in the database: for restarts, copies, and clocks that jump.

It knows tasks by name only. So it starts in a second, and needs a third of a worker's memory.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

from celery.apps.beat import Beat
from celery.beat import ScheduleEntry, Scheduler, SchedulingError
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from kombu.exceptions import OperationalError

from incidents import scheduled_runs

logger = logging.getLogger(__name__)
LONGEST_SLEEP, RETRY_AFTER = 5.0, 2.0
"""Seconds between two questions to the database, and until the next when it did not answer."""

RUNS_WAITING = 5
"""At most so many runs of a task wait for a worker."""


class LightBeat(Beat):
    def init_loader(self) -> None:
        """Leave out the modules of the tasks, and all they import."""
        # Django takes a process that loads no apps for one that is still loading them.
        warnings.filterwarnings("ignore", "Accessing the database during app initialization")


class DatabaseScheduler(Scheduler):
    """Sends a task when it claims its run; see `incidents.scheduled_runs`."""

    def __init__(self, *args: Any, schedule_filename: str = "", **options: Any) -> None:
        self._sign_of_life = Path(schedule_filename) if schedule_filename else None
        self._known = False
        self._away = False
        super().__init__(*args, **options)

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)
        for name, entry in self.schedule.items():
            # A later run does the same: those that a busy worker did not come to are dropped.
            entry.options = {"expires": RUNS_WAITING * self._every(name), **(entry.options or {})}

    def tick(self, *_: Any, **__: Any) -> float:
        """Send what is due; seconds until something else may be."""
        if self._sign_of_life:
            self._sign_of_life.touch()
        close_old_connections()
        try:
            seconds = self._send_due()
        except (DatabaseError, InterfaceError):
            if not self._away:
                logger.warning("The database does not answer; periodic tasks wait.", exc_info=True)
            self._away = True
            connection.close()
            return RETRY_AFTER
        self._away = False
        return seconds

    def _ensure_connected(self) -> Any:
        # Once: the next tick tries again, and meanwhile beat gives signs of life.
        return self.connection.ensure_connection(max_retries=1, interval_start=0)

    def _send_due(self) -> float:
        if not self._known:
            scheduled_runs.begin(list(self.schedule))
            self._known = True
        ages = scheduled_runs.ages()
        next_in = LONGEST_SLEEP
        for name, entry in self.schedule.items():
            every = self._every(name)
            seconds = scheduled_runs.remaining(ages.get(name, 0.0), every)
            if seconds == 0:
                sent = self._send(name, entry, every)
                seconds = every if sent else RETRY_AFTER
            next_in = min(next_in, seconds)
        return next_in

    def _every(self, name: str) -> float:
        return float(self.app.conf.beat_schedule[name]["schedule"])

    def _send(self, name: str, entry: ScheduleEntry, every: float) -> bool:
        """False where the broker did not take it: the run is due again then."""
        try:
            producer = self.producer
            with transaction.atomic():
                if scheduled_runs.claim(name, every):
                    self.apply_async(entry, producer=producer, advance=False)
        except (SchedulingError, OperationalError) as error:
            logger.warning("%s could not be sent: %s", name, error)
            return False
        return True
