"""The texts of notifications: what a channel reads when something happens, on every platform.

The headline is the kind of event (`KINDS` in incidents/events/outbox.py) and the text that was
recorded with the event where it happened. How a platform lays it out is in `kb/chat/<platform>.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from common.redaction import redact
from incidents.events.outbox import KINDS
from incidents.models import Event, Incident
from kb.answers import CHANGED, Answer, Kind, carries_answer
from kb.chat.base import AnswerButton, AnswerItem, ChatAnswer, clip

MAX_TEXT = 300
"""Characters of a text that somebody wrote, such as what fixed it."""
MAX_SHARES, MAX_INCIDENTS = 4, 3


def notification_text(
    event: Event, answer: Answer | None = None, reply: bool = False
) -> ChatAnswer:
    """What people read: the headline, the incident with its state, and the page of the event.

    With `answer` also what history says about the incident. `reply`: it follows an earlier message
    about the same incident, so that what that one says is not repeated.
    """
    incident = event.incident
    headline = f"{KINDS.get(event.kind, event.kind)}: {event.text}"
    if not carries_answer(event):
        items = [_incident_item(incident, str(incident))]
        if event.kind == "incident.resolved" and incident.resolution:
            ended = f"What ended it: {_short(incident.resolution)}"
            items = [replace(items[0], lines=[*items[0].lines, ended])]
        if event.path != incident.get_absolute_url():
            items.append(AnswerItem(event.text, event.path))
        return ChatAnswer(headline, items, private=False).redacted()
    if event.kind == CHANGED:
        confirmed = answer is not None and answer.kind == Kind.CONFIRMED
        what = "a cause was confirmed" if confirmed else "the answer from history changed"
        headline = f"{incident.reference if reply else incident}: {what}"
    # The headline names it already.
    items = [] if reply else [_incident_item(incident, f"Open {incident.reference}")]
    if answer is None:
        return ChatAnswer(headline, items, private=False).redacted()
    items.append(answer_item(answer, incident))
    return ChatAnswer(
        headline,
        items,
        private=False,
        footer="Evidence is still being pulled and may change this." * answer.evidence_pending,
        summary=f"{incident if event.kind == CHANGED else event.text} · {items[-1].title}",
    ).redacted()


def _incident_item(incident: Incident, title: str) -> AnswerItem:
    services = ", ".join(service.name for service in incident.services.all())
    began = f"since {incident.impact_started_at:%H:%M} UTC" if incident.is_open else ""
    state = [incident.severity, incident.get_status_display(), services, began]
    return AnswerItem(title, incident.get_absolute_url(), [" · ".join(filter(None, state))])


def answer_item(answer: Answer, incident: Incident) -> AnswerItem:
    """What history says: the cause, how sure that is, what fixed it, and what to check first."""
    lines = _lines(answer, incident)
    if answer.check_first:
        lines.append(f"Check first: {_short(answer.check_first)}")
    if answer.cause is None or answer.kind not in (Kind.LIKELY, Kind.CONFIRMED):
        return AnswerItem(answer_title(answer), _all_suggestions(incident), lines)
    path = answer.cause.get_absolute_url()
    if answer.kind == Kind.CONFIRMED:
        return AnswerItem(answer_title(answer), path, lines)
    keys = f"{incident.pk} {answer.cause.pk}"
    buttons = [AnswerButton("This is it", f"it {keys}"), AnswerButton("Not it", f"not {keys}")]
    return AnswerItem(answer_title(answer), path, lines, buttons, _all_suggestions(incident))


def answer_title(answer: Answer) -> str:
    """The answer in one line."""
    if answer.kind == Kind.CONFIRMED:
        return f"Confirmed cause: {answer.cause}"
    if answer.kind == Kind.LIKELY:
        if answer.confidence is None:
            return f"Cause of similar incidents: {answer.cause}"
        return f"{answer.band.capitalize()} cause ({answer.confidence:.0%} sure): {answer.cause}"
    if answer.kind == Kind.UNEXPLAINED:
        return "Similar incidents are known, but no cause of them"
    if answer.kind == Kind.NEW:
        return "Nothing alike in our history"
    return "There is no history to compare with yet"


def _lines(answer: Answer, incident: Incident) -> list[str]:
    seen_in = ", ".join(each.reference for each in answer.seen_in[:MAX_INCIDENTS])
    shares = ", ".join(_short(each, 60) for each in answer.shares[:MAX_SHARES])
    if answer.kind == Kind.NEW:
        return _lines_of_weak_hint(answer, shares)
    if answer.kind == Kind.UNEXPLAINED:
        return [_short(str(each)) for each in answer.seen_in[:MAX_INCIDENTS]]
    if answer.kind == Kind.CONFIRMED:
        by = f"By {answer.confirmed_by}" if answer.confirmed_by else ""
        return [line for line in (by, _fix(answer)) if line]
    if answer.kind != Kind.LIKELY:
        return []
    why = [f"seen in {seen_in}" if seen_in else "", f"shares {shares}" if shares else ""]
    reasons = " · ".join(filter(None, why))
    lines = [f"Why: {reasons}"] if reasons else []
    if answer.confidence is None:
        lines.append("History is too small to say how sure this is.")
    return [*lines, _fix(answer) or "What fixed it last time is not written down."]


def _lines_of_weak_hint(answer: Answer, shares: str) -> list[str]:
    lines = [f"{answer.history} past records were compared."]
    if answer.vague:
        lines.append(
            "The words fit too many: add an affected service, an error message or what changed."
        )
    if answer.cause is not None:
        shared = f"shares only {shares}" if shares else "shares only parts of words"
        lines.append(f"A weak hint, no more: {_short(answer.cause.name)} ({shared})")
    return lines


def _fix(answer: Answer) -> str:
    if answer.fixed_last_time:
        where = f" ({answer.fixed_in.reference})" if answer.fixed_in else ""
        return f"Fixed last time{where}: {_short(answer.fixed_last_time)}"
    return f"How to fix: {_short(answer.how_to_fix)}" if answer.how_to_fix else ""


def _short(text: str, limit: int = MAX_TEXT) -> str:
    return clip(" ".join(text.split()), limit)


def _all_suggestions(incident: Incident) -> str:
    return f"{incident.get_absolute_url()}#suggestions"


def notification_data(event: Event, base: str = "", answer: Answer | None = None) -> dict[str, Any]:
    """The same for programs that subscribe with a plain webhook."""
    incident = event.incident
    data: dict[str, Any] = {
        "id": event.pk,
        "kind": event.kind,
        "at": event.at.isoformat(),
        "text": redact(event.text),
        "url": f"{base}{event.path}",
        "incident": {
            "id": incident.pk,
            "reference": incident.reference,
            "title": redact(incident.title),
            "severity": incident.severity,
            "status": incident.status,
        },
    }
    if answer is not None:
        data["answer"] = _answer_data(answer, base)
    return data


def _answer_data(answer: Answer, base: str) -> dict[str, Any]:
    cause = answer.cause
    return {
        "kind": answer.kind,
        "text": redact(answer_title(answer)),
        "cause": {
            "id": cause.pk, "name": redact(cause.name), "url": f"{base}{cause.get_absolute_url()}",
        } if cause else None,
        "weak": answer.kind == Kind.NEW,
        "confidence": answer.confidence,
        "confidence_in_words": answer.band,
        "shares": [redact(each) for each in answer.shares],
        "seen_in": [each.reference for each in answer.seen_in],
        "fixed_last_time": redact(answer.fixed_last_time),
        "how_to_fix": redact(answer.how_to_fix),
        "check_first": redact(answer.check_first),
        "history": answer.history,
        "evidence_pending": answer.evidence_pending,
    }  # fmt: skip
