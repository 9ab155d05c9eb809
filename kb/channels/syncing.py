"""Makes the channels of incidents what the incidents are: opens, follows and archives them.

Each step compares what is wanted with what was done, which is stored after the step. Where a worker
died or an answer was lost in between, the next attempt looks for it there before it does it again.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from time import monotonic
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from common.counting import Counts
from common.leased_jobs import (
    claim,
    claimable,
    finish,
    outcome_of,
    requeue,
    retry_later,
)
from common.log_context import logging_about
from incidents.models import Event, Incident
from kb import answers
from kb.channel_hosts import registry
from kb.channels import words
from kb.channels.conversation import Conversation, LostClaim
from kb.channels.people import invite_people
from kb.channels.rules import Private, plan_channels
from kb.chatops.outbound import NotSent
from kb.models import ChannelRule, IncidentChannel, OpenedChannel, StatedAnswer

LEASE = timedelta(seconds=120)
EVERY = timedelta(minutes=2)
"""Between two comparisons while nothing is reported; an event of the incident brings it forward."""
MAX_ATTEMPTS = 8
State = OpenedChannel.State
SYNCED = Counts(
    "incident_channels", "Work on channels of incidents by platform and outcome.",
    ["platform", "outcome"],
)  # fmt: skip


class Over(Exception):
    """There is nothing more to do for a channel; the message says why."""


def sync_due(seconds: float = 8.0) -> int:
    """Plan new channels and work on those that are due; returns how many were worked on.

    After a failure the others of that workspace wait for the next run.
    """
    if not ChannelRule.objects.exists():
        return 0
    plan_channels()
    wake_changed()
    until, failed, done = monotonic() + seconds, set[int](), 0
    for pk, workspace in _due().values_list("pk", "workspace")[:200]:
        if monotonic() > until:
            break
        if workspace not in failed:
            outcome = sync(pk)
            done += outcome == "synced"
            if outcome in ("retried", "failed"):
                failed.add(workspace)
    return done


def _due() -> QuerySet[OpenedChannel]:
    rows = OpenedChannel.objects.filter(claimable(), workspace__enabled=True)
    return rows.order_by("not_before", "pk")


def wake_changed() -> None:
    """Bring those forward whose incident reported something, or is open again.

    Not those of a workspace in which something is to be repeated: it may want no request now.
    """
    now = timezone.now()
    news = Event.objects.filter(incident=OuterRef("incident"), at__gt=OuterRef("synced_at"))
    resting = OpenedChannel.objects.filter(
        workspace=OuterRef("workspace"), state=State.WAITING, attempts__gt=0, not_before__gt=now
    )
    waiting = OpenedChannel.objects.filter(state=State.WAITING, attempts=0, not_before__gt=now)
    waiting.filter(Exists(news), ~Exists(resting)).update(not_before=now)
    ended = OpenedChannel.objects.filter(state=State.DONE, incident__merged_into=None)
    # One that ended for another reason, which its note says, stays as it is.
    requeue(ended.filter(error="").exclude(incident__status=Incident.Status.RESOLVED))


def sync(pk: int) -> str:
    """Work on one channel: synced, retried, failed, over, lost, or nothing to do."""
    rows = OpenedChannel.objects.select_related("rule", "workspace", "incident__owner")
    row = claim(rows, pk, LEASE)
    if row is None:
        return "none"
    with logging_about(incident_id=row.incident_id):
        outcome = outcome_of(row, _sync, NotSent, _fail, _end)
    SYNCED.add(row.workspace.kind, outcome)
    return outcome


def _sync(row: OpenedChannel) -> str:
    if row.attempts > MAX_ATTEMPTS:
        _end(row, "Workers died on it again and again; gave up.")
        return "failed"
    try:
        _steps(row)
    except Over as why:
        return _over(row, str(why))
    except LostClaim:
        return "lost"
    except (ValueError, KeyError) as error:
        # Secrets that cannot be read with this SECRET_KEY, or that are missing.
        _end(row, str(error))
        return "failed"
    if row.incident.is_open or (row.archived_at is None and _archive_time(row) is not None):
        _wait(row)
        return "synced"
    return _over(row, "")


def _over(row: OpenedChannel, note: str) -> str:
    """Finished without a failure; `note` says what a person should know."""
    done = finish(row)
    if done is not None and note:
        OpenedChannel.objects.filter(pk=row.pk).update(error=note)
    return "over"


def _wait(row: OpenedChannel) -> None:
    """Look at it again later; what was reported meanwhile brings that forward."""
    archive_at = _archive_time(row)
    at = timezone.now() + EVERY
    if not row.incident.is_open and archive_at is not None:
        at = max(at, archive_at)
    rows = OpenedChannel.objects.filter(pk=row.pk, claimed_by=row.claimed_by, state=State.CLAIMED)
    rows.update(state=State.WAITING, attempts=0, error="", lease_until=None, not_before=at)


def _steps(row: OpenedChannel) -> None:
    incident, began = row.incident, timezone.now()
    host = registry()[row.workspace.kind](row.workspace.secrets, row.workspace.settings)
    if problem := host.problem():
        raise ValueError(problem)
    there = Conversation(row, host)
    if row.archived_at is not None:
        there.forget()
    _refuse_what_became_private(row)
    if not row.channel:
        if not incident.is_open:
            raise Over
        there.open(host.allowed_name(words.channel_name(row.rule.name_pattern, incident)))
    # Marked messages go onto the timeline from now on.
    IncidentChannel.objects.get_or_create(
        workspace=row.workspace, channel=row.channel, defaults={"incident": incident}
    )
    if not row.described:
        there.attempt("purpose", host.describe(row.channel, words.purpose_of(incident)))
        there.save(described=True)
    topic = words.topic_of(incident)
    digest = sha256(topic.encode()).hexdigest()
    if row.topic_digest != digest:
        there.attempt("topic", host.set_topic(row.channel, topic))
        there.save(topic_digest=digest)
    _post_answers(row, there)
    invite_people(row, there)
    if not incident.is_open:
        there.post_once(f"resolved {incident.resolved_at}", lambda: words.outcome(incident))
        archive_at = _archive_time(row)
        if archive_at is not None and archive_at <= timezone.now():
            there.send(host.archive(row.channel))
            there.save(archived_at=timezone.now())
    there.save(synced_at=began)


def _post_answers(row: OpenedChannel, there: Conversation) -> None:
    """The first message, and what history says when that changed while the incident is open."""
    incident = row.incident
    if "first" not in row.posted:
        answer, key = (None, "") if incident.private else answers.state_answer(incident)
        there.post_once("first", lambda: words.first_message(incident, answer))
        there.save(posted=[*row.posted, f"answer {key}"])
    stated = StatedAnswer.objects.filter(incident=incident).exclude(key="").first()
    if stated is None or incident.private or not incident.is_open:
        return
    said = [each for each in row.posted if each.startswith("answer ")]
    if said[-1:] != [f"answer {stated.key}"]:
        answer = answers.current_answer(incident)
        if answer is not None:
            there.post_once(
                f"answer {stated.key}", lambda: words.changed_answer(incident, answer), again=True
            )


def _refuse_what_became_private(row: OpenedChannel) -> None:
    """Nothing about a private incident goes to a channel that not only its people read."""
    if not row.incident.private:
        return
    if row.rule.private_incidents == Private.NEVER:
        raise Over("It became private, and the rule opens no channel for private incidents.")
    if row.channel and not row.is_private:
        raise Over("It became private; its channel there is public: archive or convert it there.")
    row.is_private = True


def _archive_time(row: OpenedChannel) -> Any:
    """When its channel is archived; None while it is open, and where the rule never does."""
    days, ended = row.rule.archive_after_days, row.incident.resolved_at
    if days is None or row.incident.is_open or ended is None:
        return None
    return ended + timedelta(days=days)


def _fail(row: OpenedChannel, error: NotSent) -> str:
    host = registry().get(row.workspace.kind)
    if host and error.reason in host.missing and row.channel:
        OpenedChannel.objects.filter(pk=row.pk).update(archived_at=timezone.now())
        return _over(row, "It was archived or deleted there.")
    locked_out = host is not None and error.reason in host.locked_out
    if locked_out or row.attempts >= MAX_ATTEMPTS:
        cure = " Enter another token in the settings, then try again." if locked_out else ""
        _end(row, f"{error}{cure}")
        return "failed"
    retry_later(row, str(error), timedelta(seconds=error.wait))
    if error.wait:
        until = timezone.now() + timedelta(seconds=error.wait)
        waiting = OpenedChannel.objects.filter(workspace=row.workspace, state=State.WAITING)
        waiting.filter(not_before__lt=until).update(not_before=until)
        # Who says when to come back is no failure; but it may have done what we asked for before.
        OpenedChannel.objects.filter(pk=row.pk, attempts__gt=2).update(attempts=F("attempts") - 1)
    return "retried"


def _end(row: OpenedChannel, error: str) -> None:
    finish(row, error)


def try_again(row: OpenedChannel) -> None:
    """Work on a channel again that failed; what was done there is not done twice."""
    requeue(OpenedChannel.objects.filter(pk=row.pk), error="")


def settings_changed(workspace: Any) -> None:
    """What failed for the former settings goes on."""
    requeue(OpenedChannel.objects.filter(workspace=workspace, state=State.FAILED), error="")
