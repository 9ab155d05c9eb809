"""Acts on readiness reviews: start, answer, close, expire; findings from incidents; gates."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from simple_history.utils import update_change_reason

from incidents.models import Incident, Service
from practice.models import (
    Checklist,
    ChecklistItem,
    ReadinessAnswer,
    ReadinessFinding,
    ReadinessReview,
)
from practice.readiness.automatic_checks import CHECKS

PASSES = 0.8
"""Score from which a review opens the gate to general availability."""
LATELY = timedelta(hours=2)
GATES = {
    Service.Lifecycle.LIMITED: ("owner", "repository", "runbook", "dependencies"),
    Service.Lifecycle.GENERAL: (
        "owner", "on-call", "runbook", "dashboard", "alert", "dependencies", "tiers", "slo",
    ),
}  # fmt: skip
"""What a service needs before it enters a stage of its life."""


def checklist_for(tier: str) -> Checklist:
    """The newest version for a tier. Raises ValidationError where there is none."""
    found = Checklist.objects.filter(tier=tier).order_by("-version").first()
    if found is None:
        raise ValidationError({"checklist": f"There is no checklist for {tier} services."})
    return found


@transaction.atomic
def new_version(
    tier: str, items: Iterable[tuple[str, str, str]], valid_days: int, author: Any = None
) -> Checklist:
    """A new version of a checklist from (section, question, auto). Raises ValidationError."""
    rows = list(items)
    if not rows:
        raise ValidationError({"items": "Write at least one question."})
    unknown = sorted({auto for _, _, auto in rows if auto and auto not in CHECKS})
    if unknown:
        known = ", ".join(CHECKS)
        raise ValidationError({"items": f"Not known: {', '.join(unknown)}. Known: {known}."})
    last = Checklist.objects.filter(tier=tier).aggregate(last=Max("version"))["last"] or 0
    checklist = Checklist(tier=tier, version=last + 1, valid_days=valid_days, author=author)
    checklist.full_clean(exclude=["author"])
    checklist.save()
    for position, (section, question, auto) in enumerate(rows, 1):
        item = ChecklistItem(
            checklist=checklist, position=position, section=section, question=question, auto=auto
        )
        item.full_clean()
        item.save()
    return checklist


def lines_of(checklist: Checklist | None) -> str:
    """A checklist as its editor shows it: section | question | automatic check."""
    rows = checklist.items.all() if checklist else []
    return "\n".join(
        f"{row.section} | {row.question}{f' | {row.auto}' if row.auto else ''}" for row in rows
    )


def read_lines(text: str) -> list[tuple[str, str, str]]:
    """The other way. Raises ValidationError naming the line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) not in (2, 3) or not parts[0] or not parts[1]:
            raise ValidationError(
                {"items": f"Line {number}: write section | question, and perhaps | check."}
            )
        found.append((parts[0], parts[1], parts[2] if len(parts) == 3 else ""))
    return found


def start_review(service: Service, author: Any) -> ReadinessReview:
    """A review by the newest checklist, with what the product knows; the open one if there is one.

    Answers of people are taken over from the review before where the question is the same.
    """
    review, new = _begin(service, author)
    if new:
        # Not within the transaction: it asks sources, which may be slow.
        look(review)
    return review


@transaction.atomic
def _begin(service: Service, author: Any) -> tuple[ReadinessReview, bool]:
    Service.objects.select_for_update().get(pk=service.pk)
    review = service.reviews.filter(closed_at=None).first()
    if review is not None:
        return review, False
    checklist = checklist_for(service.tier)
    before = service.reviews.first()
    review = ReadinessReview.objects.create(service=service, checklist=checklist, author=author)
    former = (
        {answer.item.question: answer for answer in before.answers.select_related("item")}
        if before
        else {}
    )
    for item in checklist.items.filter(auto=""):
        if old := former.get(item.question):
            ReadinessAnswer.objects.create(
                review=review, item=item, verdict=old.verdict, note=old.note,
                evidence=old.evidence, author=old.author,
            )  # fmt: skip
    return review, True


def look(review: ReadinessReview) -> None:
    """Answer anew what the product can know. What a person answered stays."""
    known = [
        (item, CHECKS[item.auto][1](review.service))
        for item in review.checklist.items.exclude(auto="")
        if item.auto in CHECKS
    ]
    with transaction.atomic():
        _still_open(review)
        answers = {answer.item_id: answer for answer in review.answers.all()}
        for item, found in known:
            answer = answers.get(item.pk) or ReadinessAnswer(review=review, item=item, auto=True)
            told = found.verdict, found.note, found.evidence
            # What did not change is not written: each writing is kept in its history.
            if answer.auto and told != (answer.verdict, answer.note, answer.evidence):
                answer.verdict, answer.note, answer.evidence = told
                answer.save()


def look_again() -> int:
    """Answers of open reviews as they are now; how many reviews were looked at."""
    open_ones = list(
        ReadinessReview.objects.filter(closed_at=None).select_related("service", "checklist")
    )
    for review in open_ones:
        # It may have been closed since: then its answers stand.
        with suppress(ValidationError):
            look(review)
    return len(open_ones)


def _still_open(review: ReadinessReview) -> None:
    if ReadinessReview.objects.select_for_update().get(pk=review.pk).closed_at is not None:
        raise ValidationError("This review is closed. Start a new one.")


@transaction.atomic
def answer(
    review: ReadinessReview, item: ChecklistItem, author: Any, **fields: Any
) -> ReadinessAnswer:
    """A person's answer. Raises ValidationError by field."""
    _still_open(review)
    if item.checklist_id != review.checklist_id:
        raise ValidationError({"item": "It is not of this checklist."})
    found = review.answers.filter(item=item).first() or ReadinessAnswer(review=review, item=item)
    for name, value in fields.items():
        setattr(found, name, value)
    found.auto, found.author = False, author
    found.full_clean(exclude=["author"])
    found.save()
    return found


def score(review: ReadinessReview) -> float | None:
    """Share of yes among what applies; unanswered counts as no. None when nothing applies."""
    verdicts = list(review.answers.values_list("verdict", flat=True))
    applies = review.checklist.items.count() - verdicts.count(ReadinessAnswer.Verdict.NOT_NEEDED)
    return verdicts.count(ReadinessAnswer.Verdict.YES) / applies if applies > 0 else None


@transaction.atomic
def close(review: ReadinessReview) -> ReadinessReview:
    """End a review: its score stands, and a day is set on which it must be done again."""
    _still_open(review)
    unanswered = review.checklist.items.count() - review.answers.count()
    if unanswered:
        raise ValidationError(f"{unanswered} questions have no answer yet.")
    review.score = score(review)
    review.closed_at = timezone.now()
    review.expires_on = review.closed_at.date() + timedelta(days=review.checklist.valid_days)
    review.save()
    return review


def standing_of(service: Service, today: date | None = None) -> tuple[ReadinessReview | None, bool]:
    """The last closed review and whether it still holds."""
    today = today or timezone.now().date()
    last = service.reviews.exclude(closed_at=None).first()
    return last, bool(last and last.expires_on and last.expires_on >= today)


def missing_for(service: Service, stage: str) -> list[str]:
    """What a service lacks before it may enter a stage of its life, in words."""
    found = []
    for key in GATES.get(Service.Lifecycle(stage), ()):
        what, look_at = CHECKS[key]
        known = look_at(service)
        if known.verdict == "no":
            found.append(f"{what}: {known.note}")
    if stage == Service.Lifecycle.GENERAL:
        last, holds = standing_of(service)
        if not holds or last is None or (last.score or 0.0) < PASSES:
            told = f"{last.score or 0:.0%}" if last and holds else "none that holds"
            found.append(f"a readiness review of at least {PASSES:.0%}: {told}")
    return found


@transaction.atomic
def enter(service: Service, stage: str, reason: str = "") -> Service:
    """Move a service to a stage of its life. Without what its gate asks, a reason must be given."""
    if stage not in Service.Lifecycle.values:
        raise ValidationError({"stage": f"Choose one of {', '.join(Service.Lifecycle.values)}."})
    missing = missing_for(service, stage)
    if missing and not reason.strip():
        raise ValidationError(
            {"reason": "Say why it goes on without: " + "; ".join(missing)[:1000]}
        )
    service.lifecycle = stage
    service.save()
    update_change_reason(service, (f"Gate passed over: {reason}" if missing else "Gate held")[:100])
    return service


def find_gaps(incident: Incident) -> list[ReadinessFinding]:
    """What an incident showed to be missing: of each of its services, once."""
    found = []
    for service in incident.services.all():
        kinds = []
        if not incident.alerts.exists():
            kinds.append(ReadinessFinding.Kind.NO_ALERT)
        if not service.dashboard_links:
            kinds.append(ReadinessFinding.Kind.NO_DASHBOARD)
        if not service.runbook_url:
            kinds.append(ReadinessFinding.Kind.NO_RUNBOOK)
        if not service.slos.exists():
            kinds.append(ReadinessFinding.Kind.NO_SLO)
        for kind in kinds:
            finding, new = ReadinessFinding.objects.get_or_create(
                service=service, incident=incident, kind=kind
            )
            if new:
                found.append(finding)
    return found


def find_missed_gaps(now: datetime | None = None) -> int:
    """The same for what was resolved lately, should the word of it have been lost."""
    since = (now or timezone.now()) - LATELY
    rows = Incident.objects.filter(resolved_at__gte=since, merged_into=None).order_by("-pk")[:200]
    return sum(len(find_gaps(incident)) for incident in rows)


def close_finding(finding: ReadinessFinding, note: str, author: Any) -> ReadinessFinding:
    if not note.strip():
        raise ValidationError({"note": "Say what closed it."})
    finding.note, finding.closed_at, finding.closed_by = note[:2000], timezone.now(), author
    finding.save()
    return finding
