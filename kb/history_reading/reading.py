"""Reads connections page by page: a preview, the import, then what changes there.

The records of a page and the cursor of the next one are stored in one transaction. So a worker
that dies loses its page only, another reads that again, and nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.counting import Counts
from common.leased_jobs import claim_due, claimable, finish, outcome_of, retry_later
from incidents.models import Alert
from kb.history_reading.connecting import STOPPED, plugin_of, source_of
from kb.history_sources.base import Page
from kb.import_runner import KnowledgeImportReport, import_records
from kb.importers.base import ImportedIncident, ReadResult
from kb.models import HistoryConnection, HistoryReading
from kb.remote_api import RemoteError

LEASE = timedelta(seconds=90)
"""A page takes up to 10 s of requests, and each of its records some 20 ms."""
MAX_ATTEMPTS = 8
"""At one page."""
EVERY, AFTER_FAILURE = timedelta(minutes=10), timedelta(minutes=15)
OVERLAP = timedelta(minutes=5)
"""Clocks differ, and some products list a change only after a while."""
MOST_PAGES = 20_000
MOST_TITLES, MOST_NAMES, MOST_PROBLEMS = 20, 200, 200
Purpose, State = HistoryReading.Purpose, HistoryReading.State
READ = Counts("history_pages_read", "Pages of history read by API, by product and outcome.",
              ["kind", "outcome"])  # fmt: skip


def start_reading(connection: HistoryConnection, purpose: str) -> HistoryReading:
    """Begin a preview or an import anew. Raises ValidationError while another one is under way."""
    if purpose not in (Purpose.PREVIEW, Purpose.IMPORT):
        raise ValidationError({"purpose": _("Choose preview or import.")})
    with transaction.atomic():
        HistoryConnection.objects.select_for_update().get(pk=connection.pk)
        if not connection.enabled:
            raise ValidationError(_("%(name)s is switched off."), params={"name": connection})
        others = connection.readings.exclude(purpose=Purpose.FOLLOW)
        if any(each.is_pending for each in others):
            raise ValidationError(_("A reading is under way: wait for it, or stop it."))
        reading = _reading(connection, purpose)
        reading.restart()
        reading.save()
    return reading


def stop_reading(connection: HistoryConnection) -> int:
    """Stop the preview or import that is under way; what was imported stays."""
    rows = connection.readings.exclude(purpose=Purpose.FOLLOW)
    pending = rows.filter(state__in=[State.WAITING, State.CLAIMED])
    return pending.update(
        state=State.FAILED, error=STOPPED, claimed_by="", lease_until=None,
        finished_at=timezone.now(),
    )  # fmt: skip


def _reading(connection: HistoryConnection, purpose: str) -> HistoryReading:
    """The one of this purpose; a new one is not due. The caller holds a lock on the connection."""
    defaults = {"state": State.DONE}
    return HistoryReading.objects.get_or_create(
        connection=connection, purpose=purpose, defaults=defaults
    )[0]


def read_due(seconds: float = 6.0) -> int:
    """Read the pages that are due; how many were. Safe to run twice and at the same time."""
    request_changes()
    until, done = monotonic() + seconds, 0
    while monotonic() < until:
        due = due_readings().values_list("pk", flat=True).first()
        if due is None:
            break
        done += read_page(due)
    return done


def due_readings() -> QuerySet[HistoryReading]:
    rows = HistoryReading.objects.filter(claimable(), connection__enabled=True)
    return rows.order_by("not_before", "pk")


@transaction.atomic
def request_changes() -> None:
    """Have changes read from connections that were imported and are followed, where it is time."""
    now = timezone.now()
    due = HistoryConnection.objects.filter(
        enabled=True, settings__follow=True, followed_to__lte=now - EVERY
    )
    for connection in due.select_for_update(skip_locked=True):
        reading = _reading(connection, Purpose.FOLLOW)
        failed = reading.state == State.FAILED and reading.finished_at
        if reading.is_pending or (failed and failed > now - AFTER_FAILURE):
            continue
        reading.restart(since=connection.followed_to and connection.followed_to - OVERLAP)
        reading.save()


def read_page(pk: int) -> bool:
    """Claim a reading and read its next page; False where it was not ours to do, or failed."""
    rows = HistoryReading.objects.select_related("connection")
    reading = claim_due(due_readings(), rows, pk, LEASE)
    if reading is None:
        return False
    outcome = outcome_of(reading, _read, RemoteError, _fail, _end)
    READ.add(reading.connection.kind, outcome)
    return outcome == "read"


def _read(reading: HistoryReading) -> str:
    if reading.attempts > MAX_ATTEMPTS:
        _end(reading, "Workers died on the same page again and again; gave up.")
        return "error"
    connection, began = reading.connection, reading.began_at or timezone.now()
    page = plugin_of(connection).page(dict(reading.cursor), reading.since)
    with transaction.atomic():
        row = finish(reading)
        if row is None:
            return "lost"
        records = _without_alerts(connection.kind, list(_complete(page.records)))
        report = import_records(
            records,
            source_of(connection),
            dry_run=reading.purpose == Purpose.PREVIEW,
            update=reading.purpose != Purpose.PREVIEW,
        )
        report.same += len(page.records) - len(records)
        row.began_at = began
        _add(row, report, [place for place, _ in page.records])
        _go_on(row, page)
        row.save()
        if row.state == State.DONE:
            _finished(row, began)
        HistoryConnection.objects.filter(pk=connection.pk).update(trouble="")
    return "read"


def _complete(records: Iterable[ReadResult]) -> Iterator[ReadResult]:
    """The records; of one that cannot be filed, what it lacks."""
    for place, record in records:
        if isinstance(record, str):
            yield place, record
        elif not record.title.strip():
            yield place, "it has no title"
        elif record.impact_started_at is None:
            yield place, "it does not say when it began"
        else:
            yield place, record


def _without_alerts(kind: str, records: list[ReadResult]) -> list[ReadResult]:
    """Without records that are here as alerts, because their product also sends webhooks."""
    ids = [record.external_id for _, record in records if isinstance(record, ImportedIncident)]
    alerts = Alert.objects.filter(source__startswith=f"{kind} ", fingerprint__in=ids)
    here = set(alerts.exclude(incident=None).values_list("fingerprint", flat=True))
    return [
        (place, record)
        for place, record in records
        if not (isinstance(record, ImportedIncident) and record.external_id in here)
    ]


def _go_on(row: HistoryReading, page: Page) -> None:
    row.pages += 1
    row.progress = page.progress
    if page.next is None:
        row.progress, row.cursor = 1.0, {}
    elif row.pages >= MOST_PAGES:
        row.state, row.error = State.FAILED, "It has no end: narrow the filter."
    else:
        row.cursor = page.next
        row.requeue()


def _finished(row: HistoryReading, began: datetime) -> None:
    """What changes from the beginning of this reading on is read next."""
    if row.purpose == Purpose.PREVIEW:
        return
    rows = HistoryConnection.objects.filter(pk=row.connection_id)
    # After the first import the next poll is due in ten minutes, whenever it began.
    rows.filter(Q(followed_to=None) | Q(followed_to__lt=began)).update(followed_to=began)


def _add(row: HistoryReading, report: KnowledgeImportReport, places: list[str]) -> None:
    """Add what became of a page to what became of those before."""
    numbers: dict[str, int] = {
        "new": len(report.new), "changed": len(report.changed), "same": report.same,
        "skipped": len(report.skipped), "postmortems": report.postmortems, "links": report.links,
        "actions": report.actions, "alerts": report.alerts,
    }  # fmt: skip
    row.counts = {name: row.count(name) + number for name, number in numbers.items()}
    found: dict[str, Any] = dict(row.found)
    found["titles"] = [*found.get("titles", []), *report.new][:MOST_TITLES]
    for name, new in (("services", report.new_services), ("causes", report.new_causes)):
        found[name] = list(dict.fromkeys([*found.get(name, []), *new]))[:MOST_NAMES]
    problems = {k: v for k, v in found.get("problems", {}).items() if k not in places}
    problems |= {place[:200]: why[:500] for place, why in report.skipped}
    found["problems"] = dict(list(problems.items())[-MOST_PROBLEMS:])
    notes = dict(found.get("notes", {}))
    for note, count in report.counted_notes():
        if note in notes or len(notes) < MOST_NAMES:
            notes[note[:300]] = notes.get(note[:300], 0) + count
    found["notes"] = notes
    row.found = found


def _fail(reading: HistoryReading, error: RemoteError) -> str:
    connection = HistoryConnection.objects.filter(pk=reading.connection_id)
    connection.update(trouble=error.in_full[:1000])
    if error.passing and reading.attempts < MAX_ATTEMPTS:
        retry_later(reading, str(error), timedelta(seconds=error.wait))
        if error.wait:
            # Who says when to come back is no failure.
            rows = HistoryReading.objects.filter(pk=reading.pk, state=State.WAITING)
            rows.update(attempts=F("attempts") - 1)
        return "retried"
    _end(reading, str(error))
    return "failed"


def _end(reading: HistoryReading, error: str) -> None:
    with transaction.atomic():
        if finish(reading, error) is not None:
            rows = HistoryConnection.objects.filter(pk=reading.connection_id, trouble="")
            rows.update(trouble=error)
