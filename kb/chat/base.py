"""The contract of chat platforms: a request becomes an event, an answer a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.payloads import BadPayload, json_of, text
from common.redaction import redact
from common.signing import NotAuthentic

__all__ = [
    "AnswerButton",
    "AnswerItem",
    "BadPayload",
    "ChatAnswer",
    "ChatEvent",
    "ChatRequest",
    "Destination",
    "NotAuthentic",
    "OneWay",
    "Outbound",
    "OutboundMail",
    "OutboundRequest",
    "Platform",
    "api_key_field",
    "bot_token_field",
    "clip",
    "drop_last",
    "id_in",
    "json_of",
    "largest_that_fits",
    "plain_text",
    "server_field",
    "server_in_us_or_eu",
]


@dataclass(frozen=True)
class ChatRequest:
    """A request of a platform: header names in small letters, the body as it was received."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    secrets: Mapping[str, str]
    settings: Mapping[str, Any]

    def json(self) -> Any:
        """The body as JSON. Raises BadPayload."""
        return json_of(self.body)


@dataclass(frozen=True)
class ChatEvent:
    """One thing that somebody did in chat.

    `kind` is "command" (text for us), "button" (`text` is the button's value), "mark" (a message
    was marked for the timeline; `text` is the message), "handshake" (the platform checks the
    address; `text` is what it expects back) or "ignore".
    """

    kind: str
    text: str = ""
    person: str = ""
    """The platform's own id of the person."""
    person_name: str = ""
    channel: str = ""
    private: bool = False
    """In a direct channel, where nobody else reads along."""
    reply_to: str = ""
    """Where a delayed answer goes: an address or an id, as the platform understands it."""
    event_id: str = ""
    """The platform's id of the event: the same when it is sent again."""
    at: datetime | None = None
    """When the marked message was written."""
    is_retry: bool = False
    """The platform says that it sends this event again, as our answer was late or lost."""
    answer_inline: bool = True
    """The answer may be the response itself."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """What else the platform needs to answer."""


@dataclass(frozen=True)
class AnswerButton:
    label: str
    value: str


@dataclass(frozen=True)
class AnswerItem:
    """One entry of an answer: a title, possibly with a link, and lines below it."""

    title: str
    path: str = ""
    """A page of this product; the platform adds the public address."""
    lines: Sequence[str] = ()
    buttons: Sequence[AnswerButton] = ()
    decision_path: str = ""
    """The page where a person does what the buttons do, for where nothing can be pressed."""


@dataclass(frozen=True)
class ChatAnswer:
    """An answer or a notification, for any platform."""

    text: str
    items: Sequence[AnswerItem] = ()
    private: bool = True
    """Only the person who sent the command may read it."""
    footer: str = ""
    summary: str = ""
    """One line for a lock screen or a subject; `text` where it is empty."""

    @property
    def preview(self) -> str:
        return self.summary or self.text

    def redacted(self) -> ChatAnswer:
        """The same without what looks like a secret: chats store and spread what is posted."""
        items = [
            replace(item, title=redact(item.title), lines=[redact(line) for line in item.lines])
            for item in self.items
        ]
        return replace(
            self,
            text=redact(self.text),
            items=items,
            footer=redact(self.footer),
            summary=redact(self.summary),
        )


@dataclass(frozen=True)
class OutboundRequest:
    """One request to a platform: an address, a JSON body, and headers."""

    url: str
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True)
class OutboundMail:
    """One mail to each of the addresses; the ids are those of its own and of the first one."""

    to: Sequence[str]
    subject: str
    text: str
    html: str
    message_id: str
    reply_to_id: str = ""


Outbound = OutboundRequest | OutboundMail


@dataclass(frozen=True)
class Destination:
    """Where a message goes that answers no request, with what the platform needs to send it."""

    channel: str
    secrets: Mapping[str, str]
    settings: Mapping[str, Any]
    base: str
    """The public address of this product."""
    address: str = ""
    """Where the platform posts to us: some need it in their buttons."""
    topic: str = ""
    """What the message is about, such as INC-42: the same for all messages of a thread."""
    subject: str = ""
    """The same in words, for a mail."""
    thread: str = ""
    """What `message_id` returned for the message to reply to; empty for a new one."""
    records: Sequence[str] = ()
    """The ids of those records there that are not yet as the event says, for `note_on`."""


class Platform:
    """Base of the plug-ins. A new one sets the attributes and writes verify, parse, render and,
    where the platform allows it, post_message."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    can_answer_privately: ClassVar[bool] = False
    """It can answer in a channel so that only the person who sent the command reads it."""
    deadline: ClassVar[float] = 3.0
    """Seconds within which the platform expects a response."""
    hosts: ClassVar[Sequence[str]] = ()
    """The only hosts that delayed answers go to, whatever address a payload names."""
    posts_here: ClassVar[bool] = True
    """It sends us something: commands, buttons, marked messages."""
    note_on: ClassVar[str] = ""
    """It needs no channel: it writes on the record from which an incident came, the alert of an
    integration of this kind, whose id is the destination's channel."""
    takes: ClassVar[Sequence[str]] = ()
    """The only kinds of events that it can do something about; empty for all."""
    reason_path: ClassVar[str] = ""
    """Where the JSON of a refusal has the platform's own word for why; empty for nowhere."""
    SettingsForm: ClassVar[type[forms.Form]] = forms.Form

    def verify(self, request: ChatRequest) -> None:
        """Return if the request is from the platform, and recent. Raises NotAuthentic."""
        raise NotImplementedError

    def parse(self, request: ChatRequest) -> ChatEvent:
        """What somebody did. Raises BadPayload, never anything else for odd bodies."""
        raise NotImplementedError

    def handshake_response(self, event: ChatEvent) -> dict[str, Any]:
        """The response when the platform checks the address."""
        return {"challenge": event.text}

    def prepare(self, event: ChatEvent, secrets: Mapping[str, str], address: str) -> ChatEvent:
        """Add what `render` will need; `address` is where the platform posts to us."""
        return event

    def details_request(
        self, event: ChatEvent, secrets: Mapping[str, str]
    ) -> OutboundRequest | None:
        """The request for what the event itself does not hold; None where it holds all."""
        return None

    def with_details(self, event: ChatEvent, response: bytes) -> ChatEvent:
        """The event with the response to `details_request`. Raises BadPayload."""
        return event

    def render(self, answer: ChatAnswer, event: ChatEvent, base: str) -> dict[str, Any]:
        """The answer as the platform's JSON; `base` is the public address of this product."""
        raise NotImplementedError

    def acknowledge(self, event: ChatEvent) -> dict[str, Any]:
        """The response when the answer takes longer."""
        return {}

    def delayed_answer(
        self, answer: ChatAnswer, event: ChatEvent, request: ChatRequest, base: str
    ) -> OutboundRequest | None:
        """The request that delivers an answer after `acknowledge`; None where there is no way."""
        return None

    def post_message(self, answer: ChatAnswer, to: Destination) -> Outbound | None:
        """The request that posts to a channel on its own initiative; None where there is no way.

        With `to.thread` it replies to that message, where the platform has threads.
        """
        return None

    def notify(
        self, answer: ChatAnswer, event: dict[str, Any], to: Destination
    ) -> Outbound | Sequence[Outbound] | None:
        """The request that notifies a channel of an event; programs may want its data too.

        Several where one will not do, each harmless when it is repeated; none of them where there
        is nothing to change.
        """
        return self.post_message(answer, to)

    def is_so_already(self, status: int, response: bytes) -> bool:
        """Whether a refusal means that what the request wanted is so already."""
        return False

    def refuses(self, response: bytes) -> bool:
        """Whether an answer with a status of success says that nothing was done."""
        return False

    def channel_problem(self, channel: str) -> str:
        """What is wrong with a rule's channel, in a sentence; empty for nothing."""
        return ""

    def message_id(self, sent: Outbound, response: bytes) -> str:
        """What a later message needs to reply to this one; empty where none can."""
        return ""


class OneWay(Platform):
    """A platform that gets notifications and posts nothing here."""

    posts_here = False

    def verify(self, request: ChatRequest) -> None:
        raise NotAuthentic(f"{self.title} posts nothing here.")

    def parse(self, request: ChatRequest) -> ChatEvent:
        return ChatEvent("ignore")

    def render(self, answer: ChatAnswer, event: ChatEvent, base: str) -> dict[str, Any]:
        return {"text": plain_text(answer, base)}


def id_in(response: bytes, *paths: str) -> str:
    """The values at dotted paths of a JSON response, joined by slashes; empty if one is missing."""
    try:
        data = json_of(response)
    except BadPayload:
        return ""
    found = [text(data, path, 80) for path in paths]
    return "/".join(found) if all(found) else ""


Built = TypeVar("Built")


def largest_that_fits(
    build: Callable[[int], Built], size: Callable[[Built], int], most: int
) -> Built:
    """What `build` makes of the longest texts, from 3,000 characters down, that `size` allows."""
    for limit in (3_000, 1_500, 700, 300, 150, 60):
        built = build(limit)
        if size(built) <= most:
            break
    return built


def drop_last(parts: list[Any], size: Callable[[], int], most: int) -> None:
    """Take parts of a message away from its end, all but the first, until its size is allowed."""
    while len(parts) > 1 and size() > most:
        parts.pop()


MAX_PLAIN = 20_000


def plain_text(answer: ChatAnswer, base: str) -> str:
    """The answer with whole addresses and without mark-up, for notes and mails; of MAX_PLAIN
    characters at most, with its first links whole."""

    def build(limit: int) -> str:
        parts = [clip(answer.text, limit)]
        for item in answer.items:
            lines = [clip(line, limit) for line in (item.title, *item.lines)]
            if item.path:
                lines.append(f"{base}{item.path}")
            if item.decision_path:
                lines.append(f"Confirm or reject: {base}{item.decision_path}")
            parts.append("\n".join(lines))
        parts.append(clip(answer.footer, limit))
        return "\n\n".join(part for part in parts if part)

    return clip(largest_that_fits(build, len, MAX_PLAIN), MAX_PLAIN)


def clip(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis marks where the rest was cut off."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def bot_token_field(help_text: Text) -> forms.CharField:
    """The token that most platforms want for messages that answer no request."""
    return forms.CharField(
        label=_("Bot token"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput,
        help_text=help_text,
    )


def api_key_field(help_text: Text) -> forms.CharField:
    return forms.CharField(
        label=_("API key"), max_length=500, widget=forms.PasswordInput, help_text=help_text
    )


def server_field(initial: str, help_text: Text = "") -> forms.URLField:
    """The address of an API; empty at first where each installation has another."""
    return forms.URLField(
        label=_("Address of the API"),
        initial=initial,
        max_length=300,
        assume_scheme="https",
        help_text=help_text,
    )


def server_in_us_or_eu(domain: str) -> forms.URLField:
    """The address of an API that a vendor serves in the US and in the EU."""
    in_eu = format_lazy(
        _("{address} for an account in the EU."), address=f"https://api.eu.{domain}"
    )
    return server_field(f"https://api.{domain}", in_eu)


class SecretForm(forms.Form):
    """Settings of platforms that sign with one secret."""

    secret_fields: tuple[str, ...] = ("secret",)
    secret = forms.CharField(
        label=_("Secret"), max_length=500, widget=forms.PasswordInput, strip=True
    )
