"""Watches logs outside incidents: reads the newest window, stores signs, opens incidents."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis.core.log_watch import WINDOW, Unusual, learn_window, read_window
from analysis.evidence import circuit_breaker
from analysis.evidence.source_plugins import plugin_of, target_of
from analysis.models import LogProfile, LogSign, LogWatch, Source
from analysis.sources.base import MAX_LINES, Line, SourceError, Window
from common.markdown import escape_markdown
from incidents import filing
from incidents.models import Incident, Service
from incidents.severities import severity_of_alert

logger = logging.getLogger(__name__)
LEARNING = timedelta(days=1)
"""A profile says nothing before: what happens once a day would be new."""
DELAY = timedelta(minutes=1)
"""Lines take some time to reach their store."""
LONGEST = timedelta(hours=1)
"""After a pause no more than this is read."""
REPEATS_WITHIN = timedelta(hours=1)
"""A sign that goes on is one sign."""
MOST_SIGNS = 10
"""Of one window: a new release writes many new lines."""
DEADLINE = 10.0
EXTERNAL_SOURCE = "logs"


def watchable(source: Source) -> bool:
    """Whether a source has log lines of services."""
    try:
        return plugin_of(source).items == "lines"
    except SourceError:
        return False


def due_profiles(limit: int) -> list[int]:
    """Logs whose next window is over, longest ago first; new services get their profile."""
    watched = LogWatch.objects.filter(enabled=True, source__enabled=True)
    sources = [watch.source_id for watch in watched.select_related("source")]
    services = Service.objects.values_list("pk", flat=True)
    known = set(
        LogProfile.objects.filter(source__in=sources).values_list("source_id", "service_id")
    )
    missing = [
        LogProfile(source_id=source, service_id=service)
        for source in sources
        for service in services
        if (source, service) not in known
    ]
    LogProfile.objects.bulk_create(missing, ignore_conflicts=True, batch_size=500)
    before = timezone.now() - DELAY - timedelta(seconds=WINDOW)
    due = LogProfile.objects.filter(source__in=sources, read_until__lte=before)
    return list(due.order_by("read_until").values_list("pk", flat=True)[:limit])


def read_log(profile_id: int) -> list[LogSign]:
    """Read the newest window of one log and store what is unusual in it.

    Running it twice, or at once with another worker, stores nothing twice.
    """
    profile = LogProfile.objects.select_related("source", "service").filter(pk=profile_id).first()
    if profile is None or circuit_breaker.open_reason(profile.source):
        return []
    end = timezone.now() - DELAY
    start = max(profile.read_until, end - LONGEST)
    if (end - start).total_seconds() < WINDOW:
        return []
    try:
        lines = _pull(profile, Window(start, end))
    except SourceError as error:
        if error.passing:
            circuit_breaker.record_failure(profile.source, str(error))
        # The next window is tried; this one is a gap in what is known.
        LogProfile.objects.filter(pk=profile.pk).update(read_until=end, problem=str(error)[:500])
        return []
    circuit_breaker.record_success(profile.source)
    return _store(profile, lines, start, end)


def _pull(profile: LogProfile, window: Window) -> list[tuple[float, str]]:
    plugin = plugin_of(profile.source)
    queries = plugin.queries(target_of(profile.service))
    answer = plugin.pull(queries[0], window, DEADLINE) if queries else None
    items = answer.items if answer else []
    return [(item.at, item.text) for item in items if isinstance(item, Line)]


@transaction.atomic
def _store(
    profile: LogProfile, lines: list[tuple[float, str]], start: datetime, end: datetime
) -> list[LogSign]:
    locked = LogProfile.objects.select_for_update().get(pk=profile.pk)
    if locked.read_until != profile.read_until:
        return []
    # Two logs of one service that burst at once open one incident.
    Service.objects.select_for_update().get(pk=profile.service_id)
    begin = start.timestamp()
    if len(lines) >= MAX_LINES:
        # Only the newest lines came back: they cover less time.
        begin = max(begin, min(at for at, _ in lines))
    signs: list[LogSign] = []
    if not _has_open_incident(profile.service):
        # What an incident writes is no habit, and its lines are its evidence already.
        # Where nothing was ever written, everything would be new.
        if locked.templates and end - locked.started_at >= LEARNING:
            found = read_window(locked.templates, lines, begin, end.timestamp())
            signs = [sign for each in found[:MOST_SIGNS] if (sign := _sign(profile, each, end))]
        locked.templates = learn_window(locked.templates, lines, begin, end.timestamp())
    locked.read_until, locked.problem = end, ""
    locked.save()
    _open_incident(profile, signs)
    return signs


def _has_open_incident(service: Service) -> bool:
    open_ones = Incident.objects.exclude(status=Incident.Status.RESOLVED)
    return open_ones.filter(services=service).exists()


def _sign(profile: LogProfile, found: Unusual, end: datetime) -> LogSign | None:
    """A new sign; None for one that goes on, which is counted on."""
    same = LogSign.objects.filter(
        service=profile.service, template_id=found.id, last_at__gte=end - REPEATS_WITHIN
    ).first()
    if same:
        same.last_at, same.count = end, max(same.count, found.count)
        same.save()
        return None
    at = datetime.fromtimestamp(found.at, UTC)
    sign, created = LogSign.objects.get_or_create(
        service=profile.service,
        template_id=found.id,
        at=at,
        defaults={
            "source": profile.source,
            "kind": found.kind,
            "example": found.example[:2000].replace("\x00", ""),
            "error": found.error,
            "count": found.count,
            "usual": found.usual,
            "last_at": end,
        },
    )
    return sign if created else None


def _open_incident(profile: LogProfile, signs: Sequence[LogSign]) -> None:
    """File one incident for the signs of a window, where the source's rule says so."""
    watch = LogWatch.objects.filter(source=profile.source, enabled=True).first()
    if watch is None or watch.opens == LogWatch.Opens.NEVER:
        return
    kinds = [LogSign.Kind.NEW] if watch.opens == LogWatch.Opens.NEW else LogSign.Kind.values
    cause = [sign for sign in signs if sign.error and sign.kind in kinds]
    if not cause or _has_open_incident(profile.service):
        return
    first = cause[0]
    line = " ".join(first.example.split())[:150]
    what = "new log line" if first.kind == LogSign.Kind.NEW else "burst of a log line"
    try:
        with transaction.atomic():
            incident = filing.file_incident(
                title=f"{profile.service.name}: {what}: {line}"[:300],
                symptom="\n\n".join(escape_markdown(sign.example[:500]) for sign in cause),
                services=[profile.service],
                severity=severity_of_alert("", profile.service.tier),
                impact_started_at=min(sign.at for sign in cause),
                labels={"log_template": first.template_id},
                external_source=EXTERNAL_SOURCE,
                external_id=f"{first.template_id} {profile.service_id} {first.at:%Y%m%dT%H%M%S}",
            )
    except (ValidationError, IntegrityError):
        logger.warning("No incident for %s: it was filed before.", first)
        return
    LogSign.objects.filter(pk__in=[sign.pk for sign in cause]).update(incident=incident)
