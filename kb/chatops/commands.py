"""What people can say in chat: one core for all platforms. Business rules live elsewhere.

Other packages add commands: `COMMANDS["similar"] = Command(…)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from common.errors import error_text
from incidents import filing
from incidents.models import Change, Incident, Service
from incidents.permissions import Nobody, visible_incidents
from incidents.search.filters import by_reference
from incidents.severities import severity_named
from kb.causes import linking
from kb.chat.base import Answer, Item, Said, clip
from kb.models import Cause, ChatCode, ChatPerson, ChatRoom, Workspace
from kb.permissions import visible_causes

REFERENCE = re.compile(r"\bINC-(\d{1,9})\b", re.IGNORECASE)
SPAN = re.compile(r"^(\d{1,4})\s*([mhd])$", re.IGNORECASE)
LINES = 10


@dataclass(frozen=True)
class Asker:
    """Who speaks, where, and what they may read there."""

    workspace: Workspace
    said: Said
    user: Any
    """the account they linked; None while nobody knows who they are"""
    whispers: bool
    """the answer can be seen by the asker alone"""

    @property
    def alone(self) -> bool:
        return self.whispers or self.said.private

    @property
    def view(self) -> Any:
        """On whose behalf to read: where a channel reads along, on nobody's."""
        return self.user if self.user is not None and self.alone else Nobody()

    def incidents(self) -> Any:
        return visible_incidents(self.view)


class Problem(Exception):
    """What the asker should do instead, in a sentence."""


@dataclass(frozen=True)
class Command:
    usage: str
    about: str
    run: Callable[[Asker, str], Answer]
    acts: bool = False
    """It changes something, so it must be known who asks."""


COMMANDS: dict[str, Command] = {}
PRESSES: dict[str, Callable[[Asker, str], Answer]] = {}
"""What buttons do, by the first word of their value."""
DEFAULT = "ask"


def command(name: str, usage: str, about: str, acts: bool = False) -> Any:
    def register(run: Callable[[Asker, str], Answer]) -> Callable[[Asker, str], Answer]:
        COMMANDS[name] = Command(usage, about, run, acts)
        return run

    return register


def respond(workspace: Workspace, said: Said, whispers: bool) -> Answer:
    """The answer to whatever was said. Never raises for what a person can get wrong."""
    person = ChatPerson.objects.filter(workspace=workspace, external_id=said.person)
    known = person.select_related("user").first() if said.person else None
    user = known.user if known and known.user.is_active else None
    asker = Asker(workspace, said, user, whispers)
    try:
        if said.kind == "press":
            return _press(asker)
        if said.kind == "mark":
            return _mark(asker)
        return run(asker, said.text)
    except Problem as problem:
        return Answer(str(problem))
    except ValidationError as error:
        return Answer(clip(error_text(error), 500))


def run(asker: Asker, text: str) -> Answer:
    words = " ".join(text.replace("\x00", " ").split())
    first, _, rest = words.partition(" ")
    if first.lower() == "share":
        # For all to read: so only what all may read.
        said = replace(asker.said, private=False)
        public = Asker(asker.workspace, said, asker.user, whispers=False)
        answer = run(public, rest)
        return Answer(answer.text, answer.items, whisper=False, footer=answer.footer)
    if not words:
        first, rest = "help", ""
    elif REFERENCE.fullmatch(first) and not rest:
        first, rest = "show", first
    asked = COMMANDS.get(first.lower())
    if asked is None:
        asked, rest = COMMANDS[DEFAULT], words
    if asked.acts and asker.user is None:
        raise Problem(WHO_ARE_YOU)
    return asked.run(asker, rest)


WHO_ARE_YOU = (
    "I do not know yet who you are. Sign in to Causebook, open “Chat” in the menu with your name, "
    "and type here what it shows: link CODE"
)


def _press(asker: Asker) -> Answer:
    name, _, rest = asker.said.text.partition(" ")
    act = PRESSES.get(name)
    if act is None:
        raise Problem("This button is of an earlier version: ask again.")
    if asker.user is None:
        raise Problem(WHO_ARE_YOU)
    return act(asker, rest)


def subject(asker: Asker, rest: str) -> tuple[Incident, str]:
    """The incident that the words begin with, or the channel's own, and what follows."""
    first, _, more = rest.partition(" ")
    if REFERENCE.fullmatch(first):
        incident = by_reference(asker.incidents(), first)
        if incident is None:
            raise Problem(f"There is no {first.upper()} that can be shown here.")
        return incident, more.strip()
    room = ChatRoom.objects.filter(workspace=asker.workspace, channel=asker.said.channel or "-")
    incident = asker.incidents().filter(rooms__in=room).first()
    if incident is None:
        raise Problem("Which incident? Name it, such as INC-42.")
    return incident, rest.strip()


def tell(incident: Incident, text: str, *lines: str, whisper: bool | None = None) -> Answer:
    """An act was done: in a channel all may know, unless the incident is private."""
    shown = [_where(incident), *lines]
    item = Item(str(incident), incident.get_absolute_url(), shown)
    return Answer(text, [item], incident.private if whisper is None else whisper)


def _where(incident: Incident) -> str:
    services = ", ".join(service.name for service in incident.services.all())
    return " · ".join(filter(None, [incident.severity, incident.get_status_display(), services]))


@command("help", "help", "this list")
def help_(asker: Asker, rest: str) -> Answer:
    lines = [f"{each.usage} — {each.about}" for each in COMMANDS.values()]
    lines.append("share WORDS — the same, for all in this channel to read")
    known = f"You are {asker.user}." if asker.user else WHO_ARE_YOU
    text = "Tell me what you see, in a few words, and I look for what caused it before."
    return Answer(text, [Item("What I understand", "", lines)], footer=known)


@command("show", "INC-42", "what is known of an incident")
def show(asker: Asker, rest: str) -> Answer:
    incident, _ = subject(asker, rest)
    began = f"Began {incident.impact_started_at:%Y-%m-%d %H:%M} UTC"
    links = incident.cause_links.exclude(state="rejected").select_related("cause")
    lines = [
        began,
        *(f"{link.get_role_display()} cause {link.state}: {link.cause}" for link in links),
    ]
    if incident.resolution:
        lines.append(f"Fixed by: {clip(incident.resolution, 300)}")
    return tell(incident, incident.reference, *lines, whisper=True)


@command("new", "new TITLE", "file an incident", acts=True)
def new(asker: Asker, rest: str) -> Answer:
    if not rest:
        raise Problem("What is wrong? new checkout answers 5xx")
    incident = filing.file_incident(title=rest[:300], reporter=asker.user)
    return tell(incident, f"Filed as {incident.reference}.")


def _one_of(value: str, known: list[str], what: str) -> str:
    found = [each for each in known if each.lower() == value.lower()]
    if not found:
        raise Problem(f"Which {what}? One of {', '.join(known)}.")
    return found[0]


@command("status", "status INC-42 identified|mitigated|resolved", "move an incident", acts=True)
def status(asker: Asker, rest: str) -> Answer:
    incident, value = subject(asker, rest)
    value, _, more = value.partition(" ")
    wanted = _one_of(value, list(Incident.Status.values), "status")
    incident = filing.set_status(incident, wanted, asker.user, more)
    return tell(incident, f"{incident.reference} is {incident.get_status_display().lower()}.")


@command("severity", "severity INC-42 SEV1", "rate an incident", acts=True)
def severity(asker: Asker, rest: str) -> Answer:
    incident, value = subject(asker, rest)
    wanted = severity_named(value) or _one_of(value, list(Incident.Severity.values), "severity")
    incident = filing.set_severity(incident, wanted, asker.user)
    return tell(incident, f"{incident.reference} is {incident.severity}.")


@command("note", "note INC-42 TEXT", "write onto the timeline", acts=True)
def note(asker: Asker, rest: str) -> Answer:
    incident, text = subject(asker, rest)
    filing.add_note(incident, text, asker.user)
    return tell(incident, "Noted.", clip(text, 200), whisper=True)


@command("resolve", "resolve INC-42 WHAT FIXED IT", "resolve an incident", acts=True)
def resolve(asker: Asker, rest: str) -> Answer:
    incident, text = subject(asker, rest)
    incident = filing.set_status(incident, Incident.Status.RESOLVED, asker.user, text)
    return tell(incident, f"{incident.reference} is resolved.", clip(incident.resolution, 300))


@command("cause", "cause INC-42 NAME", "confirm a cause, known or new", acts=True)
def cause(asker: Asker, rest: str) -> Answer:
    incident, name = subject(asker, rest)
    link = linking.name_cause(incident, name, author=asker.user)
    return tell(incident, f"Cause confirmed: {link.cause}.")


@command("changes", "changes SERVICE 2h", "what was deployed or changed there lately")
def changes(asker: Asker, rest: str) -> Answer:
    name, _, last = rest.rpartition(" ")
    span = SPAN.match(last)
    name = (name if span else rest).strip()
    unit = {"m": "minutes", "h": "hours", "d": "days"}
    reach = timedelta(**{unit[span[2].lower()]: int(span[1])}) if span else timedelta(hours=2)
    service = service_called(name)
    found = Change.objects.filter(service=service, started_at__gte=timezone.now() - reach)
    rows = [
        f"{change.started_at:%m-%d %H:%M} {change.get_kind_display()}: {clip(change.title, 120)}"
        + (f" ({change.get_outcome_display().lower()})" if change.outcome != "succeeded" else "")
        for change in found[:LINES]
    ]
    text = f"{found.count()} changes of {service} in the last {last if span else '2h'}."
    return Answer(text, [Item(service.name, service.get_absolute_url(), rows)] if rows else [])


def service_called(name: str) -> Service:
    if not name:
        raise Problem("Of which service? changes checkout 2h")
    near = Q(name__iexact=name) | Q(name__istartswith=name)
    found = list(Service.objects.filter(near)[:LINES])
    exact = [each for each in found if each.name.lower() == name.lower()]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise Problem(f"Which one? {', '.join(each.name for each in found)}.")
    raise Problem(f"No service is called {clip(name, 60)}.")


@command("who", "who SERVICE", "who looks after a service, and its runbook")
def who(asker: Asker, rest: str) -> Answer:
    service = service_called(rest.strip())
    needs = ", ".join(each.name for each in service.depends_on.all()[:LINES])
    lines = [
        f"Team: {service.owner_team or 'not recorded'}",
        f"Tier: {service.tier}",
        *([f"On-call: {service.on_call}"] if service.on_call else []),
        *([f"Runbook: {service.runbook_url}"] if service.runbook_url else []),
        *([f"Depends on: {needs}"] if needs else []),
    ]
    return Answer(f"{service.name}", [Item(service.name, service.get_absolute_url(), lines)])


@command("here", "here INC-42", "make this channel about an incident: pinned messages go there",
         acts=True)  # fmt: skip
def here(asker: Asker, rest: str) -> Answer:
    incident, _ = subject(asker, rest)
    if not asker.said.channel:
        raise Problem("This is no channel.")
    if incident.private and not asker.said.private:
        raise Problem("A private incident has no channel.")
    ChatRoom.objects.update_or_create(
        workspace=asker.workspace, channel=asker.said.channel, defaults={"incident": incident}
    )
    return tell(incident, f"This channel is about {incident.reference} now.")


@command("link", "link CODE", "say which account is yours")
def link(asker: Asker, rest: str) -> Answer:
    user = ChatCode.take(rest) if rest else None
    if user is None:
        raise Problem("This code is not valid, or no more: make another on the page “Chat”.")
    ChatPerson.objects.update_or_create(
        workspace=asker.workspace,
        external_id=asker.said.person,
        defaults={"user": user, "name": asker.said.person_name[:100]},
    )
    return Answer(f"You are {user} from now on.")


def _mark(asker: Asker) -> Answer:
    """A marked message becomes an entry of the timeline, at the time it was written."""
    if asker.user is None:
        raise Problem(WHO_ARE_YOU)
    said = asker.said
    named = REFERENCE.search(said.text)
    incident, _ = subject(asker, named[0] if named else "")
    filing.add_note(incident, f"From chat: {said.text}", asker.user, said.at)
    return tell(incident, "On the timeline.", clip(said.text, 200), whisper=True)


def press_link(asker: Asker, rest: str, state: str) -> Answer:
    """“This is it” and “not it”: rest is the incident's and the cause's number."""
    keys = [int(each) for each in rest.split() if each.isascii() and each.isdigit()]
    if len(keys) != 2:
        raise Problem("This button is of an earlier version: ask again.")
    incident = asker.incidents().filter(pk=keys[0]).first()
    found = Cause.objects.filter(pk__in=visible_causes(asker.view).values("pk"), pk=keys[1]).first()
    if incident is None or found is None:
        raise Problem("This incident or cause is no more, or not for you to see.")
    linking.link_cause(
        incident, found, state=state, author=asker.user, reason="By a button in chat"
    )
    word = "Confirmed" if state == "confirmed" else "Rejected"
    return tell(incident, f"{word} as a cause of {incident.reference}: {found}.")


PRESSES["it"] = lambda asker, rest: press_link(asker, rest, "confirmed")
PRESSES["not"] = lambda asker, rest: press_link(asker, rest, "rejected")
