"""What becomes of old rows: each table is of one kind, which has a rule or a reason to stay.

Packages register their kinds in `apps.py`. Rows are deleted in batches, each in a transaction of
its own with a limit for locks and time, so that a run may be lost or done twice at any moment.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from common.language import Text
from common.registry import Registry

_log = logging.getLogger(__name__)
HISTORY_DAYS = 730
"""Former versions of records, of every package."""
NORMAL = "normal"
"""The tier of what has none."""
LOCK_SECONDS, STATEMENT_SECONDS = 2, 8
"""What one batch waits for locks, and takes at most."""
SMALLEST_BATCH = 10
CLOCKS_DIFFER = timedelta(days=1)
"""With clocks this far apart nobody knows what is old."""


class Limits:
    """Before when rows are old, by tier of service."""

    def __init__(self, now: datetime, days: Mapping[str, int]) -> None:
        self.now, self.days = now, days

    def before(self, tier: str = NORMAL) -> datetime | None:
        """None where rows of this tier are stored for ever."""
        days = self.days.get(tier, 0)
        return self.now - timedelta(days=days) if days > 0 else None

    def by_tier(self) -> dict[str, datetime]:
        found = {tier: self.before(tier) for tier in self.days}
        return {tier: moment for tier, moment in found.items() if moment is not None}

    def latest(self) -> datetime | None:
        """No row written later than this is old, whatever its tier."""
        return max(self.by_tier().values(), default=None)


Delete = Callable[[Limits, int], int]
"""Deletes or thins at most so many old rows; returns how many: fewer when none is left."""


@dataclass(frozen=True)
class Kind:
    """Tables that grow together. Without `delete` they stay, and `why` says the reason."""

    title: Text
    tables: tuple[type[models.Model], ...]
    """the one that others belong to first"""
    why: Text
    """the rule in words, with {days} in it; or why these rows stay"""
    dated: str = ""
    """the field of the first table that says when a row was written"""
    setting: str = ""
    default_days: int | Mapping[str, int] = 0
    """where no setting says otherwise, of each tier if the setting tells them apart; 0: for ever"""
    delete: Delete | None = None
    at_once: int = 1000
    thins: bool = False
    """whether rows become smaller instead of being deleted"""

    @property
    def days(self) -> dict[str, int]:
        """Days by tier; 0: for ever."""
        if self.delete is None:
            return {}
        default = self.default_days
        by_tier = dict(default) if isinstance(default, Mapping) else {NORMAL: default}
        given: int | Mapping[str, int] | None = getattr(settings, self.setting, None)
        if isinstance(given, Mapping):
            return by_tier | dict(given)
        return by_tier if given is None else {NORMAL: given}

    @property
    def has_rule(self) -> bool:
        return any(days > 0 for days in self.days.values())

    @property
    def rule(self) -> str:
        """What becomes of it, in words."""
        if self.delete is None:
            return str(self.why)
        if not self.has_rule:
            return gettext("Stored for ever: %(setting)s is 0.") % {"setting": self.setting}
        return self.why.format(days=_in_words(self.days))


def _in_words(days: Mapping[str, int]) -> str:
    usual = days.get(NORMAL, 0)
    words = [_count(usual)]
    words += [f"{tier}: {_count(each)}" for tier, each in days.items() if each != usual]
    return words[0] + (f" ({', '.join(words[1:])})" if words[1:] else "")


def _count(days: int) -> str:
    if not days:
        return gettext("never")
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


KINDS: Registry[Kind] = Registry("kinds of stored rows")


def delete_some(rows: models.QuerySet[Any], most: int) -> int:
    """Delete at most so many of `rows`, without those that somebody else has locked.

    Without an order: the database reads them by the index of what makes them old.
    """
    locked = rows.order_by().select_for_update(of=("self",), skip_locked=True)
    keys = list(locked.values_list("pk", flat=True)[:most])
    rows.model._base_manager.filter(pk__in=keys).delete()
    return len(keys)


def delete_history(
    tables: tuple[type[models.Model], ...], before: datetime | None, most: int
) -> int:
    """Delete former versions written before then; the newest of each record stays."""
    if before is None:
        return 0
    done = 0
    for table in tables:
        if done >= most:
            break
        later = table._base_manager.filter(id=models.OuterRef("id")).filter(
            history_id__gt=models.OuterRef("history_id")
        )
        old = table._base_manager.filter(history_date__lt=before).filter(
            models.Q(history_type="-") | models.Exists(later)
        )
        keys = list(old.order_by().values_list("pk", flat=True)[: most - done])
        for relation in table._meta.related_objects:
            # Links of many to many are copies of their own, which no cascade deletes.
            relation.related_model._base_manager.filter(
                **{f"{relation.field.name}__in": keys}
            ).delete()
        table._base_manager.filter(pk__in=keys).delete()
        done += len(keys)
    return done


@dataclass
class Outcome:
    rows: int = 0
    finished: bool = False
    """whether no old row is left"""
    problem: str = field(default="")


def apply(kind: Kind, seconds: float = 10.0) -> Outcome:
    """Delete or thin what is old by the rule of `kind`, batch by batch, for so long at most."""
    outcome = Outcome()
    if kind.delete is None or not kind.has_rule:
        return Outcome(finished=True)
    now = database_now()
    if abs(now - timezone.now()) > CLOCKS_DIFFER:
        outcome.problem = "The clocks of this host and of the database differ by more than a day."
        _log.warning("Nothing is deleted. %s", outcome.problem)
        return outcome
    limits, at_once, until = Limits(now, kind.days), kind.at_once, time.monotonic() + seconds
    while True:
        try:
            with transaction.atomic():
                _bound()
                done = kind.delete(limits, at_once)
        except OperationalError as error:
            # It took too long, or somebody holds a lock: fewer at once, and later the rest.
            outcome.problem = str(error).strip()[:200]
            if at_once <= SMALLEST_BATCH or time.monotonic() >= until:
                _log.warning("%s: old rows are left for the next run: %s", kind.title, error)
                return outcome
            at_once = max(SMALLEST_BATCH, at_once // 4)
            continue
        outcome.rows += done
        if done < at_once:
            outcome.finished, outcome.problem = True, ""
            return outcome
        if time.monotonic() >= until:
            return outcome


def _bound() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, true),"
            " set_config('statement_timeout', %s, true)",
            [f"{LOCK_SECONDS}s", f"{STATEMENT_SECONDS}s"],
        )


def database_now() -> datetime:
    """The time of the one clock that all processes share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    return row[0] if row else timezone.now()
