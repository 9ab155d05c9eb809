"""Chat commands for suggestions: past causes by words and by incident."""

from __future__ import annotations

from analysis.suggestions.accuracy import store_shown
from analysis.suggestions.engine import suggest_for_incident, suggest_for_text
from analysis.suggestions.types import SuggestedCause, Suggestions
from incidents.models import Incident
from kb.chat.base import AnswerButton, AnswerItem, ChatAnswer, clip
from kb.chatops.arguments import incident_argument
from kb.chatops.dispatch import Command, CommandContext, Problem

MAX_SHOWN, MAX_REASONS = 3, 4


def _confidence(suggestion: SuggestedCause) -> str:
    if suggestion.confidence is None:
        return f"{suggestion.likeness:.0%} alike"
    return f"{suggestion.confidence:.0%} sure"


def _cause_item(suggestion: SuggestedCause, incident: Incident | None) -> AnswerItem:
    cause = suggestion.cause
    lines = [_confidence(suggestion)]
    if suggestion.reasons:
        lines.append("Because of " + ", ".join(r.text for r in suggestion.reasons[:MAX_REASONS]))
    if suggestion.fixed_last_time:
        lines.append(f"Fixed last time: {clip(suggestion.fixed_last_time, 200)}")
    behind = ", ".join(alike.incident.reference for alike in suggestion.incidents)
    if behind:
        lines.append(f"Seen in {behind}")
    buttons = []
    if incident is not None:
        keys = f"{incident.pk} {cause.pk}"
        buttons = [AnswerButton("This is it", f"it {keys}"), AnswerButton("Not it", f"not {keys}")]
    return AnswerItem(cause.name, cause.get_absolute_url(), lines, buttons)


def render_suggestions(found: Suggestions, incident: Incident | None = None) -> ChatAnswer:
    """Three past causes with reasons, or that history holds nothing alike."""
    causes = found.causes[:MAX_SHOWN]
    if found.nothing_alike:
        text = f"Nothing like this in our history of {found.history} records."
        if found.vague:
            text += " The words fit too much: add a service, an error message or what changed."
        return ChatAnswer(text if found.history else "There is no history to compare with yet.")
    if causes:
        text = (
            f"{len(causes)} past causes, likeliest first." if len(causes) > 1 else "A past cause."
        )
        return ChatAnswer(text, [_cause_item(each, incident) for each in causes])
    items = [
        AnswerItem(
            str(alike.incident), alike.incident.get_absolute_url(), [f"{alike.likeness:.0%} alike"]
        )
        for alike in found.incidents[:MAX_SHOWN]
    ]
    return ChatAnswer("No cause is known yet for what is alike.", items)


def ask(context: CommandContext, rest: str) -> ChatAnswer:
    if len(rest) < 3:
        raise Problem("Describe what you see in a few words.")
    return render_suggestions(
        suggest_for_text(rest[:300], context.viewer, symptom=rest[300:3000], limit=MAX_SHOWN)
    )


def similar(context: CommandContext, rest: str) -> ChatAnswer:
    incident, _ = incident_argument(context, rest)
    found = suggest_for_incident(incident, context.viewer, limit=MAX_SHOWN)
    store_shown(incident, found)
    return render_suggestions(found, incident)


ASK = Command("WORDS", "past causes of what you see, such as: checkout 5xx after deploy", ask)
SIMILAR = Command("similar INC-42", "past causes for an incident, to confirm or reject", similar)
