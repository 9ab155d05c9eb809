"""Readiness reviews: start, answer, close; gates of the lifecycle; findings from incidents."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from simple_history.utils import update_change_reason

from incidents.models import Incident, Service
from practice.models import (
    TIERS,
    Checklist,
    ChecklistItem,
    ReadinessAnswer,
    ReadinessFinding,
    ReadinessReview,
)
from practice.readiness.automatic_checks import CHECKS

PASSING_SCORE = 0.8
"""From which a review opens the gate to general availability."""
MISSED_WITHIN = timedelta(hours=2)
REQUIRED_CHECKS = {
    Service.Lifecycle.LIMITED: ("owner", "repository", "runbook", "dependencies"),
    Service.Lifecycle.GENERAL: (
        "owner",
        "on-call",
        "runbook",
        "dashboard",
        "alert",
        "dependencies",
        "tiers",
        "slo",
    ),
}
"""The gate of each lifecycle stage: which checks a service must pass to enter it."""


def newest_checklist(tier: str) -> Checklist:
    """Raises ValidationError where the tier has none."""
    checklist = Checklist.objects.filter(tier=tier).order_by("-version").first()
    if checklist is None:
        problem = _("There is no checklist for %(tier)s services.")
        params = {"tier": TIERS.get(tier, tier)}
        raise ValidationError({"checklist": ValidationError(problem, params=params)})
    return checklist


@transaction.atomic
def create_version(
    tier: str, items: Iterable[tuple[str, str, str]], valid_days: int, author: User | None = None
) -> Checklist:
    """A new version of a checklist from (section, question, auto). Raises ValidationError."""
    rows = list(items)
    if not rows:
        raise ValidationError({"items": _("Write at least one question.")})
    unknown = sorted({auto for _, _, auto in rows if auto and auto not in CHECKS})
    if unknown:
        problem = _("Not known: %(unknown)s. Known: %(known)s.")
        params = {"unknown": ", ".join(unknown), "known": ", ".join(CHECKS)}
        raise ValidationError({"items": ValidationError(problem, params=params)})
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
    """A checklist as the editor shows it: section | question | automatic check."""
    rows = checklist.items.all() if checklist else []
    return "\n".join(
        f"{row.section} | {row.question}{f' | {row.auto}' if row.auto else ''}" for row in rows
    )


def parse_lines(text: str) -> list[tuple[str, str, str]]:
    """Parse what `lines_of` writes. Raises ValidationError that names the line."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) not in (2, 3) or not parts[0] or not parts[1]:
            problem = _("Line %(n)s: write section | question, and perhaps | check.")
            raise ValidationError({"items": ValidationError(problem, params={"n": number})})
        rows.append((parts[0], parts[1], parts[2] if len(parts) == 3 else ""))
    return rows


def start_review(service: Service, author: User | None) -> ReadinessReview:
    """A review by the newest checklist, or the one that is open already.

    People's answers in the review before are copied where the question is the same; automatic
    checks are run.
    """
    review, new = _get_or_create_open(service, author)
    if new:
        # Outside the transaction: checks query sources, which may be slow.
        refresh_answers(review)
    return review


@transaction.atomic
def _get_or_create_open(service: Service, author: User | None) -> tuple[ReadinessReview, bool]:
    Service.objects.select_for_update().get(pk=service.pk)
    review = service.reviews.filter(closed_at=None).first()
    if review is not None:
        return review, False
    checklist = newest_checklist(service.tier)
    previous = service.reviews.first()
    review = ReadinessReview.objects.create(service=service, checklist=checklist, author=author)
    answers = previous.answers.select_related("item") if previous else []
    by_question = {answer.item.question: answer for answer in answers}
    for item in checklist.items.filter(auto=""):
        if former := by_question.get(item.question):
            ReadinessAnswer.objects.create(
                review=review,
                item=item,
                verdict=former.verdict,
                note=former.note,
                evidence=former.evidence,
                author=former.author,
            )
    return review, True


def refresh_answers(review: ReadinessReview) -> None:
    """Run the automatic checks again. Answers of people are left as they are."""
    results = [
        (item, CHECKS[item.auto].run(review.service))
        for item in review.checklist.items.exclude(auto="")
        if item.auto in CHECKS
    ]
    with transaction.atomic():
        _require_open(review)
        answers = {answer.item_id: answer for answer in review.answers.all()}
        for item, result in results:
            answer = answers.get(item.pk) or ReadinessAnswer(review=review, item=item, auto=True)
            new = result.verdict, result.note, result.evidence
            # Unchanged answers are not saved: every save adds a row to their history.
            if answer.auto and new != (answer.verdict, answer.note, answer.evidence):
                answer.verdict, answer.note, answer.evidence = new
                answer.save()


def refresh_open_reviews() -> int:
    """Refresh the automatic answers of all open reviews; how many there were."""
    reviews = ReadinessReview.objects.filter(closed_at=None)
    open_reviews = list(reviews.select_related("service", "checklist"))
    for review in open_reviews:
        # It may have been closed meanwhile: its answers are then final.
        with suppress(ValidationError):
            refresh_answers(review)
    return len(open_reviews)


def _require_open(review: ReadinessReview) -> None:
    if ReadinessReview.objects.select_for_update().get(pk=review.pk).closed_at is not None:
        raise ValidationError(_("This review is closed. Start a new one."))


@transaction.atomic
def answer_item(
    review: ReadinessReview, item: ChecklistItem, author: User | None, **fields: Any
) -> ReadinessAnswer:
    """Save a person's answer. Raises ValidationError by field."""
    _require_open(review)
    if item.checklist_id != review.checklist_id:
        raise ValidationError({"item": "It is not of this checklist."})
    answer = review.answers.filter(item=item).first() or ReadinessAnswer(review=review, item=item)
    for name, value in fields.items():
        setattr(answer, name, value)
    answer.auto, answer.author = False, author
    answer.full_clean(exclude=["author"])
    answer.save()
    return answer


def score(review: ReadinessReview) -> float | None:
    """Share of yes among what applies; unanswered counts as no. None when nothing applies."""
    verdicts = list(review.answers.values_list("verdict", flat=True))
    applies = review.checklist.items.count() - verdicts.count(ReadinessAnswer.Verdict.NOT_NEEDED)
    return verdicts.count(ReadinessAnswer.Verdict.YES) / applies if applies > 0 else None


@transaction.atomic
def close_review(review: ReadinessReview) -> ReadinessReview:
    """Store the score and the day it expires. Raises ValidationError with questions left."""
    _require_open(review)
    unanswered = review.checklist.items.count() - review.answers.count()
    if unanswered:
        problem = ngettext_lazy(
            "%(n)s question has no answer yet.", "%(n)s questions have no answer yet.", unanswered
        )
        raise ValidationError(problem, params={"n": unanswered})
    review.score = score(review)
    review.closed_at = timezone.now()
    review.expires_on = review.closed_at.date() + timedelta(days=review.checklist.valid_days)
    review.save()
    return review


def last_review(service: Service, today: date | None = None) -> tuple[ReadinessReview | None, bool]:
    """The last closed review and whether it is still valid."""
    today = today or timezone.now().date()
    last = service.reviews.exclude(closed_at=None).first()
    return last, bool(last and last.expires_on and last.expires_on >= today)


def last_reviews(services: Collection[Service]) -> dict[int, ReadinessReview]:
    """The last closed review of each service that has one, by its key. One query."""
    closed = ReadinessReview.objects.filter(service__in=services).exclude(closed_at=None)
    newest_first = closed.order_by("service_id", "-started_at", "-pk").distinct("service_id")
    return {review.service_id: review for review in newest_first}


def missing_for(service: Service, stage: str) -> list[str]:
    """What a service lacks to pass the gate of a lifecycle stage, in words."""
    missing = []
    for name in REQUIRED_CHECKS.get(Service.Lifecycle(stage), ()):
        result = CHECKS[name].run(service)
        if result.verdict == "no":
            missing.append(f"{CHECKS[name].requirement}: {result.note}")
    if stage == Service.Lifecycle.GENERAL:
        last, valid = last_review(service)
        if not valid or last is None or (last.score or 0.0) < PASSING_SCORE:
            reached = gettext("none that is valid")
            if last and valid:
                reached = f"{last.score or 0:.0%}"
            needed = gettext("a readiness review of at least %(score)s: %(reached)s")
            missing.append(needed % {"score": f"{PASSING_SCORE:.0%}", "reached": reached})
    return missing


@transaction.atomic
def enter_stage(service: Service, stage: str, reason: str = "") -> Service:
    """Move a service to a lifecycle stage; past a gate that is not met only with a reason."""
    if stage not in Service.Lifecycle.values:
        raise ValidationError({"stage": f"Choose one of {', '.join(Service.Lifecycle.values)}."})
    missing = missing_for(service, stage)
    if missing and not reason.strip():
        problem = _("Give the reason for going on without: %(missing)s")
        params = {"missing": "; ".join(missing)[:1000]}
        raise ValidationError({"reason": ValidationError(problem, params=params)})
    service.lifecycle = stage
    service.save()
    change = f"Gate passed over: {reason}" if missing else "Gate met"
    update_change_reason(service, change[:100])
    return service


def find_gaps(incident: Incident) -> list[ReadinessFinding]:
    """Create a finding for each gap that an incident showed in each of its services, once."""
    created = []
    for service in incident.services.all():
        gaps = []
        if not incident.alerts.exists():
            gaps.append(ReadinessFinding.Kind.NO_ALERT)
        if not service.dashboard_links:
            gaps.append(ReadinessFinding.Kind.NO_DASHBOARD)
        if not service.runbook_url:
            gaps.append(ReadinessFinding.Kind.NO_RUNBOOK)
        if not service.slos.exists():
            gaps.append(ReadinessFinding.Kind.NO_SLO)
        for kind in gaps:
            finding, new = ReadinessFinding.objects.get_or_create(
                service=service, incident=incident, kind=kind
            )
            if new:
                created.append(finding)
    return created


def find_missed_gaps(now: datetime | None = None) -> int:
    """Find the gaps of recently resolved incidents whose signal was lost."""
    since = (now or timezone.now()) - MISSED_WITHIN
    rows = Incident.objects.filter(resolved_at__gte=since, merged_into=None).order_by("-pk")[:200]
    return sum(len(find_gaps(incident)) for incident in rows)


def close_finding(finding: ReadinessFinding, note: str, author: User | None) -> ReadinessFinding:
    if not note.strip():
        raise ValidationError({"note": _("Say what closed it.")})
    finding.note, finding.closed_at, finding.closed_by = note[:2000], timezone.now(), author
    finding.save()
    return finding
