"""The process's own similarity index, kept in step with the database.

Incidents have positive keys (their id), causes negative ones. A process maps the file that a worker
wrote (or reads everything, where there is none), then, before each search, the rows touched since;
that is one indexed query a table when nothing changed.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from analysis.models import Fingerprint, Forgotten
from analysis.similarity.explaining import Comparison, Query
from analysis.similarity.index import Hit, Index
from analysis.similarity.segment import DamagedFile
from analysis.similarity.weights import Document
from analysis.suggestions.change_feed import State, state_since
from analysis.suggestions.documents import (
    NO_KEY,
    documents_of,
    every_document,
    prefetch_telling,
    with_features,
)
from analysis.suggestions.record_cache import Kept, read_causes, read_pasts
from incidents.models import Incident
from kb.models import Category, Cause, CauseLink

logger = logging.getLogger(__name__)
LATE_COMMIT = timedelta(seconds=60)
"""A row may become visible this long after the time it carries: its transaction was slow."""
LOOK_FOR_FILE = 30.0
"""Seconds between looks for a newer file."""
STALE = 0.1
"""The file is written anew once this share of the documents changed since."""
OLDEST_FILE = timedelta(days=1)


def index_file() -> Path:
    """Where workers write the index and every process maps it; a shared folder, if they can."""
    return Path(settings.DATA_DIR) / "index" / "similarity.index"


def _database() -> str:
    """Names this very database, so that a file left over from another is not mistaken for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT applied FROM django_migrations ORDER BY id LIMIT 1")
        [first] = cursor.fetchone()
    return f"{connection.settings_dict['NAME']} {first.isoformat()}"


@cache
def _rows_by_key() -> tuple[str, tuple[Any, ...]]:
    """The query of `with_features` for some keys: composing it takes as long as answering it.

    The keys belong where NO_KEY stands in its parameters.
    """
    query, values = with_features(Incident.objects.filter(pk__in=[NO_KEY])).query.sql_with_params()
    return query.replace("IN (%s)", "= ANY(%s)", 1), values


def _read_rows(keys: list[int]) -> dict[int, Incident]:
    query, values = _rows_by_key()
    found = Incident.objects.raw(query, [keys if value == NO_KEY else value for value in values])
    rows: list[Any] = prefetch_telling(found)
    for row in rows:
        # A raw query leaves JSON as it comes.
        row.templates = json.loads(row.templates or "{}")
        row.metrics = json.loads(row.metrics or "{}")
    return {row.pk: row for row in rows}


def write_file(even_if_fresh: bool = False) -> bool:
    """Build the index anew, usual lengths included, and put its file in place of the old one.

    False when the file there is still good. Every running process takes the new one up by itself.
    """
    began = timezone.now()
    if not even_if_fresh and _is_fresh(index_file(), began):
        return False
    index = Index(every_document())
    index.save(index_file(), {"as_of": began.isoformat(), "database": _database()})
    Forgotten.objects.filter(at__lt=began - OLDEST_FILE * 7).delete()
    return True


def _is_fresh(path: Path, now: datetime) -> bool:
    try:
        index, as_of = _open(path)
    except (DamagedFile, OSError):
        return False
    changed = _changed_since(as_of - LATE_COMMIT)
    return now - as_of < OLDEST_FILE and changed <= STALE * max(len(index), 1000)


def _changed_since(since: datetime) -> int:
    rows = (Incident, Fingerprint, Cause)
    return sum(model.objects.filter(updated_at__gt=since).count() for model in rows)


def _open(path: Path) -> tuple[Index, datetime]:
    index, about = Index.open(path)
    if about["database"] != _database():
        raise DamagedFile(f"{path} belongs to another database")
    return index, datetime.fromisoformat(about["as_of"])


class Library:
    """An index, what it has read so far, and the lock that guards both."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._index: Index | None = None
        self._read: dict[int, frozenset[Any]] = {}
        self._since = datetime.min
        self._file: tuple[int, int] | None = None
        self._looked = 0.0
        self._version = 0
        self._state = State()
        self.pasts = Kept(read_pasts, 200_000)
        """what votes need of past incidents, some 300 bytes each, as of the last search"""
        self.rows = Kept(_read_rows, 2_000)
        """incidents as `with_features` gives them, for reading only: threads share them"""
        self.causes = Kept(read_causes, 2_000)

    def forget(self) -> None:
        """Read everything anew at the next search."""
        with self._lock:
            self._index = None
            self._file = None
            self._version += 1
            for kept in (self.pasts, self.rows, self.causes):
                kept.clear()

    def search(
        self,
        document: Document,
        k: int,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> list[Hit]:
        self.sync()
        return self.look(document, k, exclude, only)[0]

    def sync(self) -> State:
        """Bring everything up to date; what the database tells about itself. One query."""
        with self._lock:
            self._synced()
            return self._state

    def look(
        self,
        document: Document,
        k: int,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> tuple[list[Hit], Query, set[int]]:
        """What is alike as of the last `sync`, the question as weighed, and what was private then.

        Another thread may have brought the index further than the caller's own `sync` did, so
        what is private is told together with what was found.
        """
        with self._lock:
            index = self._index or self._synced()
            query = index.query(document)
            return index.answer(query, k, exclude, only), query, self._state.private

    def compare(self, asked: Document | Query, others: Iterable[Document]) -> dict[int, Comparison]:
        """What the question has in common with each of the others, and what not."""
        with self._lock:
            index = self._index or self._synced()
            query = asked if isinstance(asked, Query) else index.query(asked)
            return index.compare(query, others)

    def __len__(self) -> int:
        with self._lock:
            return len(self._index or self._synced())

    def _synced(self) -> Index:
        began = timezone.now()
        self._take_newer_file()
        if self._index is None:
            self._index = Index(every_document())
            self._read = {}
            self._version += 1
            state = state_since(began)
        else:
            state = state_since(self._since - LATE_COMMIT)
            self._take_changes(self._index, state, self._since - LATE_COMMIT)
        self._since = began
        if state.apart_from_rows != self._state.apart_from_rows:
            self._version += 1
        state.version, self._state = self._version, state
        return self._index

    def _take_newer_file(self) -> None:
        now = time.monotonic()
        if self._index is not None and now - self._looked < LOOK_FOR_FILE:
            return
        self._looked = now
        path = index_file()
        try:
            status = path.stat()
            found = (status.st_ino, status.st_mtime_ns)
            if found == self._file:
                return
            self._file = found
            self._index, self._since = _open(path)
            self._read = {}
            self._version += 1
        except FileNotFoundError:
            return
        except (DamagedFile, OSError, ValueError, KeyError) as error:
            logger.warning("The index file cannot be used (%s); reading the database.", error)

    def _take_changes(self, index: Index, state: State, since: datetime) -> None:
        """Bring what is kept up to date; rows seen in this very state a moment ago are skipped."""
        unread = {
            key: seen - self._read.get(key, frozenset()) for key, seen in state.touched.items()
        }
        for key, seen in self._read.items():
            # What should still be told of but is not, was read within a transaction that failed.
            undone = {(kind, at) for kind, at in seen - state.of(key) if at > since}
            unread[key] = unread.get(key, frozenset()) | undone
        touched = [key for key, seen in unread.items() if seen]
        if touched:
            self._version += 1
            self.pasts.drop(touched)
            self.rows.drop(touched)
            self.causes.drop(-key for key in touched)
        # Which causes an incident had is no part of its document.
        changed = [key for key, seen in unread.items() if any(kind != "link" for kind, _ in seen)]
        for start in range(0, len(changed), 2000):
            found = documents_of(changed[start : start + 2000])
            for key in changed[start : start + 2000]:
                if key in found:
                    index.add(found[key])
                else:
                    index.remove(key)
        self._read = dict(state.touched)


library = Library()


def _remember_deleted(sender: type, instance: Any, **_: Any) -> None:
    # In the transaction of the deletion, so that all processes learn of it, and only if it holds.
    if sender is CauseLink:
        key = instance.incident_id
    else:
        key = instance.pk if sender is Incident else -instance.pk
    Forgotten.objects.create(key=key)


post_delete.connect(_remember_deleted, sender=Incident)


post_delete.connect(_remember_deleted, sender=Cause)


post_delete.connect(_remember_deleted, sender=CauseLink)


def _touch_causes(sender: type, instance: Category, created: bool, **_: Any) -> None:
    """Causes are kept with the name of their category."""
    if not created:
        Cause.objects.filter(category=instance).update(updated_at=timezone.now())


post_save.connect(_touch_causes, sender=Category)
