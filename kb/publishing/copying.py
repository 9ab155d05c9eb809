"""Copies published postmortems to targets, on request and by rule.

A copy is a row. A worker claims it, writes the copy there and stores its id; a copy that exists is
written again, so that nothing is there twice however often a worker died.
"""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.counting import Counts
from common.leased_jobs import (
    PENDING,
    claim_due,
    claimable,
    finish,
    outcome_of,
    requeue,
    retry_later,
)
from kb.models import Postmortem, PublishedCopy, PublishTarget
from kb.publishers import registry
from kb.publishers.base import Publisher
from kb.publishing.document import document_of, withheld_reason
from kb.remote_api import RemoteError
from kb.remote_connections import configured_plugin

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 8
AFTER_FAILURE = timedelta(minutes=15)
"""Before a rule tries what failed again."""
BATCH = 200
UNREADABLE = _(
    "The token of this target cannot be read with this SECRET_KEY: enter it again in its settings."
)
State = PublishedCopy.State
COPIED = Counts("postmortem_copies", "Copies of postmortems written elsewhere, by outcome.",
                ["kind", "outcome"])  # fmt: skip


def plugin_of(target: PublishTarget) -> Publisher:
    """The plug-in with its settings. Raises RemoteError where there is none or no token."""
    found: Publisher = configured_plugin(target, registry(), "target", UNREADABLE)
    return found


def settings_changed(target: PublishTarget) -> None:
    """The rule begins when it is switched on; what failed for the former settings is repeated."""
    rows = PublishTarget.objects.filter(pk=target.pk)
    if not target.settings.get("automatic"):
        rows.update(automatic_since=None)
    elif target.automatic_since is None:
        rows.update(automatic_since=timezone.now())
    rows.update(trouble="")
    requeue(target.copies.filter(state=State.FAILED), error="")


def probe(target: PublishTarget) -> str:
    """A sentence that says that the settings are right. Raises RemoteError.

    What failed before is tried again if they are.
    """
    answer = plugin_of(target).probe()
    if target.trouble:
        settings_changed(target)
    return answer


@transaction.atomic
def copy_postmortem(postmortem: Postmortem, target: PublishTarget) -> PublishedCopy:
    """Have a worker write the copy, or write it again. Raises ValidationError by field name."""
    if reason := withheld_reason(postmortem):
        raise ValidationError(reason)
    if not target.enabled:
        error = ValidationError(_("%(name)s is switched off."), params={"name": target})
        raise ValidationError({"target": error})
    copy, new = PublishedCopy.objects.get_or_create(postmortem=postmortem, target=target)
    if not new:
        requeue(PublishedCopy.objects.filter(pk=copy.pk), error="")
        copy.refresh_from_db()
    return copy


def copy_due(seconds: float = 6.0) -> int:
    """Write the copies that are due; how many were. Safe to run twice and at the same time."""
    request_by_rule()
    until, done = monotonic() + seconds, 0
    for pk in list(due_copies().values_list("pk", flat=True)[:BATCH]):
        if monotonic() > until:
            break
        done += write_copy(pk)
    return done


def due_copies() -> QuerySet[PublishedCopy]:
    rows = PublishedCopy.objects.filter(claimable(), target__enabled=True)
    return rows.order_by("not_before", "pk")


def request_by_rule() -> None:
    """Have copied what was published or changed since, for each target with the rule."""
    for target in PublishTarget.objects.filter(enabled=True).exclude(automatic_since=None):
        public = Postmortem.objects.filter(state=Postmortem.State.PUBLISHED, private=False)
        private = Postmortem.incidents.through.objects.filter(
            postmortem_id=OuterRef("pk"), incident__private=True
        )
        # What was imported is somewhere else already.
        wanted = public.exclude(Exists(private)).filter(external_source="")
        existing = PublishedCopy.objects.filter(postmortem=OuterRef("pk"), target=target)
        new = wanted.filter(published_at__gte=target.automatic_since).exclude(Exists(existing))
        for postmortem in new.defer("body", "search")[:BATCH]:
            PublishedCopy.objects.get_or_create(postmortem=postmortem, target=target)
        behind = target.copies.filter(
            postmortem__in=wanted.values("pk"), version__lt=F("postmortem__version")
        ).exclude(state__in=PENDING)
        recent = timezone.now() - AFTER_FAILURE
        due = behind.exclude(state=State.FAILED, finished_at__gt=recent)
        keys = list(due.values_list("pk", flat=True)[:BATCH])
        requeue(PublishedCopy.objects.filter(pk__in=keys), error="")


def write_copy(pk: int) -> bool:
    """Claim a copy and write it; False where it was not ours to do, or failed."""
    rows = PublishedCopy.objects.select_related("target", "postmortem")
    copy = claim_due(due_copies(), rows, pk, LEASE)
    if copy is None:
        return False
    outcome = outcome_of(copy, _write, RemoteError, _fail, _end)
    COPIED.add(copy.target.kind, outcome)
    return outcome == "written"


def _write(copy: PublishedCopy) -> str:
    if copy.attempts > MAX_ATTEMPTS:
        _end(copy, "Workers died on it again and again; gave up.")
        return "error"
    if reason := withheld_reason(copy.postmortem):
        _end(copy, str(reason))
        return "withheld"
    written = plugin_of(copy.target).publish(document_of(copy.postmortem), copy.remote_id)
    with transaction.atomic():
        row = finish(copy)
        if row is None:
            return "lost"
        row.remote_id, row.url = written.id[:400], written.url[:500]
        row.version, row.copied_at = copy.postmortem.version, timezone.now()
        row.save()
        PublishTarget.objects.filter(pk=copy.target_id).update(trouble="")
    return "written"


def _fail(copy: PublishedCopy, error: RemoteError) -> str:
    PublishTarget.objects.filter(pk=copy.target_id).update(trouble=error.in_full[:1000])
    if error.passing and copy.attempts < MAX_ATTEMPTS:
        retry_later(copy, str(error), timedelta(seconds=error.wait))
        return "retried"
    _end(copy, str(error))
    return "failed"


def _end(copy: PublishedCopy, error: str) -> None:
    with transaction.atomic():
        finish(copy, error)
