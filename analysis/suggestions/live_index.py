"""The similarity index of this process, kept in step with the database.

Incidents have positive keys (their id), causes negative ones. A process maps the file that a worker
wrote (or reads everything, where there is none). Before each search it reads the rows that were
written since: one query, if nothing changed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from analysis.models import Fingerprint, Forgotten
from analysis.similarity.explaining import Comparison, WeightedQuery
from analysis.similarity.index import Hit, Index
from analysis.similarity.ranking import Recalled, measured, recall
from analysis.similarity.segment import DamagedFile
from analysis.similarity.votes import Ballot
from analysis.similarity.weights import Document
from analysis.suggestions.change_feed import RecentChanges, read_changes
from analysis.suggestions.documents import every_document, read_documents
from common.process_cache import ProcessCache, register
from incidents.models import CustomField, Incident
from kb.models import Category, Cause, CauseLink

logger = logging.getLogger(__name__)
LATE_COMMIT = timedelta(seconds=60)
"""A row may become visible this long after the time it carries: its transaction was slow."""
FILE_CHECK_INTERVAL = 30.0
"""Seconds between checks for a newer file."""
STALE_SHARE = 0.1
"""The file is rewritten once this share of the documents changed since."""
MAX_FILE_AGE = timedelta(days=1)
DELETIONS_KNOWN = MAX_FILE_AGE * 7
"""How far back the database says what was deleted: an older file would still show that."""
BATCH = 2000


def index_file() -> Path:
    """Where workers write the index and every process maps it; a shared folder, if they can."""
    return Path(settings.DATA_DIR) / "index" / "similarity.index"


def _database_id() -> str:
    """Names this very database, so that a file left over from another is not mistaken for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT applied FROM django_migrations ORDER BY id LIMIT 1")
        [first] = cursor.fetchone()
    return f"{connection.settings_dict['NAME']} {first.isoformat()}"


def write_file(even_if_fresh: bool = False) -> bool:
    """Rebuild the index, typical text lengths included, and replace its file.

    False when the present file is still good. Every running process maps the new one by itself.
    """
    began = timezone.now()
    if not even_if_fresh and _is_fresh(index_file(), began):
        return False
    index = Index(every_document())
    index.save(index_file(), {"as_of": began.isoformat(), "database": _database_id()})
    Forgotten.objects.filter(at__lt=began - DELETIONS_KNOWN).delete()
    return True


def _is_fresh(path: Path, now: datetime) -> bool:
    try:
        index, as_of = _open(path)
    except (DamagedFile, OSError):
        return False
    if CustomField.objects.filter(similarity_changed_at__gt=as_of - LATE_COMMIT).exists():
        return False
    changed = _count_changes(as_of - LATE_COMMIT)
    return now - as_of < MAX_FILE_AGE and changed <= STALE_SHARE * max(len(index), 1000)


def _count_changes(since: datetime) -> int:
    rows = (Incident, Fingerprint, Cause)
    return sum(model.objects.filter(updated_at__gt=since).count() for model in rows)


def _open(path: Path) -> tuple[Index, datetime]:
    index, about = Index.open(path)
    if about["database"] != _database_id():
        raise DamagedFile(f"{path} belongs to another database")
    as_of = datetime.fromisoformat(about["as_of"])
    if timezone.now() - as_of > DELETIONS_KNOWN - MAX_FILE_AGE:
        raise DamagedFile(f"{path} is of {as_of:%Y-%m-%d}: too old")
    return index, as_of


class SearchResult(NamedTuple):
    recalled: Recalled
    private: set[int]
    """the private incidents at the time of the search"""


class LiveIndex:
    """An index, the causes its answers name, and the lock that guards both."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._index: Index | None = None
        self._applied: dict[int, frozenset[Any]] = {}
        """touches of recent rows that the index already contains"""
        self._refreshed_at = datetime.min
        self._file_id: tuple[int, int] | None = None
        self._file_checked = 0.0
        self._version = 0
        self._changes = RecentChanges()
        # Saves 8.2 of 23.9 ms a request for words (5,000 incidents, 60 causes).
        self._causes: ProcessCache[int, Cause] = ProcessCache("causes", 2_000)
        register(self)

    def clear(self) -> None:
        """Read everything again at the next search."""
        with self._lock:
            self._index = None
            self._file_id = None
            self._version += 1
            self._causes.clear()

    def causes(self, keys: Collection[int]) -> dict[int, Cause]:
        """Causes as of the last refresh, superseded ones too, with their category."""
        return self._causes.get_many(keys, _read_causes)

    def __len__(self) -> int:
        with self._lock:
            return len(self._index or self._refreshed_index())

    def refresh(self) -> RecentChanges:
        """Apply recent writes to the index and to the cached causes. One query."""
        with self._lock:
            self._refreshed_index()
            return self._changes

    def search(
        self,
        document: Document,
        k: int,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> list[Hit]:
        """Refresh, then search."""
        with self._lock:
            self.refresh()
            index = self._index or self._refreshed_index()
            return index.search(document, k, exclude, only)

    def recall(
        self,
        document: Document,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> SearchResult:
        """Similar incidents and causes as of the last refresh.

        Another thread may have refreshed since the caller did, so the result says which incidents
        were private at that moment.
        """
        with self._lock:
            index = self._index or self._refreshed_index()
            recalled = recall(index, index.query(document), exclude, only)
            return SearchResult(recalled, self._changes.private)

    def rescored(self, recalled: Recalled, profiles: Iterable[Document]) -> dict[int, Hit]:
        """Hits, by key, of other profiles of some causes than those in the index."""
        with self._lock:
            index = self._index or self._refreshed_index()
            return {each.key: index.hit(recalled.query, index.row(each)) for each in profiles}

    def measure(
        self, ballots: Sequence[Ballot], query: WeightedQuery, profiles: Mapping[int, Document]
    ) -> list[Ballot]:
        """The ballots with the support of the first few; `profiles` replace those in the index."""
        with self._lock:
            index = self._index or self._refreshed_index()
            return measured(
                ballots,
                query,
                lambda key: index.row(profiles[key]) if key in profiles else index.stored(key),
            )

    def compare(
        self, query: Document | WeightedQuery, others: Iterable[Document]
    ) -> dict[int, Comparison]:
        """What the query has in common with each of the others, and what not."""
        with self._lock:
            index = self._index or self._refreshed_index()
            weighted = query if isinstance(query, WeightedQuery) else index.query(query)
            return index.compare(weighted, others)

    def _refreshed_index(self) -> Index:
        began = timezone.now()
        self._map_newer_file()
        if self._index is None:
            self._index = Index(every_document())
            self._applied = {}
            self._version += 1
            changes = read_changes(began)
        else:
            since = self._refreshed_at - LATE_COMMIT
            changes = read_changes(since)
            self._apply(changes, since, self._index)
        self._refreshed_at = began
        if changes.facts != self._changes.facts:
            self._version += 1
        changes.version, self._changes = self._version, changes
        return self._index

    def _map_newer_file(self) -> None:
        now = time.monotonic()
        if self._index is not None and now - self._file_checked < FILE_CHECK_INTERVAL:
            return
        self._file_checked = now
        path = index_file()
        try:
            status = path.stat()
            file_id = (status.st_ino, status.st_mtime_ns)
            if file_id == self._file_id:
                return
            self._file_id = file_id
            self._index, self._refreshed_at = _open(path)
            self._applied = {}
            self._version += 1
        except FileNotFoundError:
            return
        except (DamagedFile, OSError, ValueError, KeyError) as error:
            logger.warning("The index file cannot be used (%s); reading the database.", error)

    def _apply(self, changes: RecentChanges, since: datetime, index: Index) -> None:
        """Bring index and causes up to date; touches that were applied before are skipped."""
        new = {
            key: seen - self._applied.get(key, frozenset()) for key, seen in changes.touched.items()
        }
        for key, seen in self._applied.items():
            # The feed no longer lists a row we applied: we had read it inside a transaction that
            # was rolled back. Read it again.
            undone = {(kind, at) for kind, at in seen - changes.touches_of(key) if at > since}
            new[key] = new.get(key, frozenset()) | undone
        touched = [key for key, seen in new.items() if seen]
        if touched:
            self._version += 1
            self._causes.drop(-key for key in touched)
        changed = {key for key, seen in new.items() if any(kind != "link" for kind, _ in seen)}
        keys = sorted(changed | _causes_of([key for key in touched if key > 0]))
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            documents = read_documents(batch)
            for key in batch:
                if key in documents:
                    index.add(documents[key])
                else:
                    index.remove(key)
        self._applied = dict(changes.touched)


def _causes_of(incidents: list[int]) -> set[int]:
    """Keys of the causes whose profiles these incidents are part of."""
    if not incidents:
        return set()
    links = CauseLink.objects.filter(incident__in=incidents)
    return {-cause for cause in links.values_list("cause_id", flat=True)}


def _read_causes(keys: list[int]) -> dict[int, Cause]:
    return Cause.objects.select_related("category").defer("search").in_bulk(keys)


live_index = LiveIndex()


def _record_deletion(sender: type, instance: Any, **_: Any) -> None:
    # Within the deleting transaction, so that all processes learn of it, and only if it commits.
    if sender is CauseLink:
        # What the cause learnt from the incident goes, too.
        Forgotten.objects.create(key=-instance.cause_id)
        key = instance.incident_id
    else:
        key = instance.pk if sender is Incident else -instance.pk
    Forgotten.objects.create(key=key)


for _model in (Incident, Cause, CauseLink):
    post_delete.connect(_record_deletion, sender=_model)


def _touch_causes(sender: type, instance: Category, created: bool, **_: Any) -> None:
    """Causes are cached together with the name of their category."""
    if not created:
        Cause.objects.filter(category=instance).update(updated_at=timezone.now())


post_save.connect(_touch_causes, sender=Category)
