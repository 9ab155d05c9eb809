"""Commands about incidents: show, new, status, severity, ack, owner, note, field, resolve,
cause, here.

Also the buttons that confirm or reject a cause, and messages that are marked for the timeline.
"""

from __future__ import annotations

from incidents import filing, responders
from incidents.custom_fields.values import by_name, unset_to_resolve, values_of
from incidents.models import Incident
from incidents.permissions import EDIT_INCIDENTS, FILE_INCIDENTS
from incidents.severities import severity_named
from incidents.sharing import person_named
from kb.causes import linking
from kb.chat.base import AnswerItem, ChatAnswer, clip
from kb.chatops.arguments import choice_argument, field_argument, incident_argument
from kb.chatops.dispatch import (
    BUTTONS,
    EVENT_HANDLERS,
    OUTDATED_BUTTON,
    REFERENCE,
    Button,
    CommandContext,
    Problem,
    command,
    require_account,
)
from kb.models import Cause, CauseLink, IncidentChannel, NotificationDelivery
from kb.permissions import LINK_CAUSES, visible_causes


def incident_answer(
    incident: Incident, text: str, *lines: str, private: bool | None = None
) -> ChatAnswer:
    """What was done, with the incident below; for the channel, unless the incident is private."""
    services = ", ".join(service.name for service in incident.services.all())
    state = " · ".join(filter(None, [incident.severity, incident.get_status_display(), services]))
    item = AnswerItem(str(incident), incident.get_absolute_url(), [state, *lines])
    return ChatAnswer(text, [item], incident.private if private is None else private)


@command("show", "INC-42", "what is known about an incident")
def show(context: CommandContext, text: str) -> ChatAnswer:
    incident, _ = incident_argument(context, text)
    links = incident.cause_links.exclude(state="rejected").select_related("cause")
    lines = [
        f"Owner: {incident.owner or 'nobody'}",
        f"Began {incident.impact_started_at:%Y-%m-%d %H:%M} UTC",
        *(f"{link.get_role_display()} cause {link.state}: {link.cause}" for link in links),
        *(f"{each.field.label}: {clip(each.shown, 200)}" for each in values_of(incident)),
    ]
    if unset := unset_to_resolve(incident):
        lines.append(f"Needed to resolve it: {', '.join(field.label for field in unset)}")
    if incident.resolution:
        lines.append(f"Fixed by: {clip(incident.resolution, 300)}")
    return incident_answer(incident, incident.reference, *lines, private=True)


@command("new", "new TITLE", "file an incident", act=FILE_INCIDENTS)
def new(context: CommandContext, title: str) -> ChatAnswer:
    if not title:
        raise Problem("What is wrong? new checkout answers 5xx")
    incident = filing.file_incident(title=title[:300], reporter=context.user)
    return incident_answer(incident, f"Filed as {incident.reference}.")


@command(
    "status",
    "status INC-42 identified|mitigated|resolved",
    "set the status of an incident",
    act=EDIT_INCIDENTS,
)
def status(context: CommandContext, text: str) -> ChatAnswer:
    incident, rest = incident_argument(context, text)
    value, _, resolution = rest.partition(" ")
    chosen = choice_argument(value, Incident.Status.values, "status")
    incident = filing.set_status(incident, chosen, context.user, resolution)
    done = f"{incident.reference} is {incident.get_status_display().lower()}."
    return incident_answer(incident, done)


@command("severity", "severity INC-42 SEV1", "set the severity of an incident", act=EDIT_INCIDENTS)
def severity(context: CommandContext, text: str) -> ChatAnswer:
    incident, value = incident_argument(context, text)
    chosen = severity_named(value) or choice_argument(value, Incident.Severity.values, "severity")
    incident = filing.set_severity(incident, chosen, context.user)
    return incident_answer(incident, f"{incident.reference} is {incident.severity}.")


@command("ack", "ack INC-42", "acknowledge an incident: you work on it", act=EDIT_INCIDENTS)
def ack(context: CommandContext, text: str) -> ChatAnswer:
    incident, _ = incident_argument(context, text)
    incident = responders.acknowledge(incident, context.user)
    return incident_answer(incident, f"{incident.reference} is acknowledged.")


@command("owner", "owner INC-42 [NAME]", "make somebody the owner, or yourself", act=EDIT_INCIDENTS)
def owner(context: CommandContext, text: str) -> ChatAnswer:
    incident, name = incident_argument(context, text)
    person = person_named(name) if name else context.user
    incident = responders.assign_owner(incident, person, context.user)
    return incident_answer(incident, f"{incident.reference} is owned by {incident.owner}.")


@command("note", "note INC-42 TEXT", "write onto the timeline", act=EDIT_INCIDENTS)
def note(context: CommandContext, text: str) -> ChatAnswer:
    incident, words = incident_argument(context, text)
    filing.add_note(incident, words, context.user)
    return incident_answer(incident, "Noted.", clip(words, 200), private=True)


@command(
    "field",
    "field INC-42 NAME VALUE",
    "set a custom field of an incident; “-” as the value clears it",
    act=EDIT_INCIDENTS,
)
def field(context: CommandContext, text: str) -> ChatAnswer:
    incident, words = incident_argument(context, text)
    chosen, value = field_argument(words)
    if not value:
        now = by_name(incident).get(chosen.name, "not set")
        how = f"field {incident.reference} {chosen.name} VALUE sets it, - clears it."
        return incident_answer(incident, f"{chosen.label}: {now}", how, private=True)
    given = {chosen.name: "" if value == "-" else value}
    incident = filing.edit_incident(incident, context.user, custom_fields=given)
    done = by_name(incident).get(chosen.name)
    shown = "not set any more" if done is None else clip(str(done), 200)
    return incident_answer(incident, f"{chosen.label} of {incident.reference}: {shown}")


@command("resolve", "resolve INC-42 WHAT FIXED IT", "resolve an incident", act=EDIT_INCIDENTS)
def resolve(context: CommandContext, text: str) -> ChatAnswer:
    incident, resolution = incident_argument(context, text)
    incident = filing.set_status(incident, Incident.Status.RESOLVED, context.user, resolution)
    done = f"{incident.reference} is resolved."
    return incident_answer(incident, done, clip(incident.resolution, 300))


@command("cause", "cause INC-42 NAME", "confirm a cause, known or new", act=LINK_CAUSES)
def cause(context: CommandContext, text: str) -> ChatAnswer:
    incident, name = incident_argument(context, text)
    link = linking.name_cause(incident, name, author=context.user)
    return incident_answer(incident, f"Cause confirmed: {link.cause}.")


@command(
    "here",
    "here INC-42",
    "link this channel to an incident: marked messages go onto its timeline",
    act=EDIT_INCIDENTS,
)
def here(context: CommandContext, text: str) -> ChatAnswer:
    incident, _ = incident_argument(context, text)
    if not context.event.channel:
        raise Problem("This is no channel.")
    if incident.private and not context.event.private:
        raise Problem("A private incident has no channel.")
    IncidentChannel.objects.update_or_create(
        workspace=context.workspace,
        channel=context.event.channel,
        defaults={"incident": incident},
    )
    return incident_answer(incident, f"This channel is about {incident.reference} now.")


def note_marked_message(context: CommandContext, text: str) -> ChatAnswer:
    """A marked message becomes an entry of the timeline, at the time it was written."""
    user = require_account(context, EDIT_INCIDENTS)
    reference = REFERENCE.search(text)
    incident, _ = incident_argument(context, reference[0] if reference else "")
    filing.add_note(incident, f"From chat: {text}", user, context.event.at)
    return incident_answer(incident, "On the timeline.", clip(text, 200), private=True)


def confirm_cause(context: CommandContext, keys: str) -> ChatAnswer:
    """The button “This is it”."""
    link = _link_cause(context, keys, "confirmed")
    done = f"Confirmed as a cause of {link.incident.reference}: {link.cause}."
    return incident_answer(link.incident, done, private=_is_private(context, link.incident))


def reject_cause(context: CommandContext, keys: str) -> ChatAnswer:
    """The button “Not it”."""
    link = _link_cause(context, keys, "rejected")
    done = f"Rejected as a cause of {link.incident.reference}: {link.cause}."
    return incident_answer(link.incident, done, private=_is_private(context, link.incident))


def _is_private(context: CommandContext, incident: Incident) -> bool:
    """Where a thread follows the incident, it reports the decision: once is enough."""
    followed = NotificationDelivery.objects.filter(
        rule__workspace=context.workspace, event__incident=incident
    )
    return incident.private or followed.exclude(answer="").exclude(message_id="").exists()


def _link_cause(context: CommandContext, keys: str, state: str) -> CauseLink:
    """`keys` are the primary keys of the incident and the cause, as the button was made with."""
    numbers = [int(each) for each in keys.split() if each.isascii() and each.isdigit()]
    if len(numbers) != 2:
        raise Problem(OUTDATED_BUTTON)
    incident = context.incidents().filter(pk=numbers[0]).first()
    visible = visible_causes(context.viewer).values("pk")
    cause = Cause.objects.filter(pk__in=visible, pk=numbers[1]).first()
    if incident is None or cause is None:
        raise Problem("This incident or cause was deleted, or you may not see it.")
    return linking.link_cause(
        incident, cause, state=state, author=context.user, reason="By a button in chat"
    )


EVENT_HANDLERS.register("mark", note_marked_message)
BUTTONS.register("it", Button(confirm_cause, LINK_CAUSES))
BUTTONS.register("not", Button(reject_cause, LINK_CAUSES))
