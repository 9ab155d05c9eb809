"""The contract between the product and a chat platform: what was said in, what to answer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms

from common.payloads import BadPayload, json_of
from common.signing import Refused

__all__ = [
    "Answer",
    "BadPayload",
    "Button",
    "Item",
    "Platform",
    "Refused",
    "Said",
    "bot_token_field",
    "clip",
    "json_of",
]


@dataclass(frozen=True)
class Said:
    """One thing that somebody did in chat.

    `kind` is "command" (words for us), "press" (a button; `text` is its value), "mark" (a message
    was marked for the timeline; `text` is the message), "hello" (the platform tries the address;
    `text` is what it wants back) or "nothing" (no concern of ours).
    """

    kind: str
    text: str = ""
    person: str = ""
    """the platform's own id of who it was"""
    person_name: str = ""
    channel: str = ""
    private: bool = False
    """said where nobody else reads it"""
    reply_to: str = ""
    """where a later answer goes: an address or an id, as the platform understands it"""
    once: str = ""
    """what the platform calls this event; the same when it is sent again"""
    at: datetime | None = None
    """when the marked message was written"""
    again: bool = False
    """The platform says that it sends this once more, as our answer was late or lost."""
    inline: bool = True
    """The answer may be the response itself."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """What else the platform needs to answer."""


@dataclass(frozen=True)
class Button:
    label: str
    value: str


@dataclass(frozen=True)
class Item:
    """One line of an answer: a title, possibly a link, and words below it."""

    title: str
    path: str = ""
    """A page of this product; the platform's file makes a whole address of it."""
    lines: Sequence[str] = ()
    buttons: Sequence[Button] = ()


@dataclass(frozen=True)
class Answer:
    """What to say, whatever the platform. `whisper`: only the asker may read it."""

    text: str
    items: Sequence[Item] = ()
    whisper: bool = True
    footer: str = ""


@dataclass(frozen=True)
class Incoming:
    """A request: header names in small letters, the body as it came over the wire."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime
    secrets: Mapping[str, str]
    settings: Mapping[str, Any]

    def json(self) -> Any:
        """The body as JSON. Raises BadPayload."""
        return json_of(self.body)


@dataclass(frozen=True)
class Call:
    """One request to make to a platform: an address, a JSON body, and headers."""

    url: str
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


class Platform:
    """Base of the plug-ins. A new one sets the attributes and writes the four methods."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    whispers: ClassVar[bool] = False
    """It can answer in a channel so that only the asker reads it."""
    deadline: ClassVar[float] = 3.0
    """Seconds within which the platform wants an answer."""
    hosts: ClassVar[Sequence[str]] = ()
    """Where later answers may go; nothing else is asked, whatever a payload names."""
    SettingsForm: ClassVar[type[forms.Form]] = forms.Form

    def prove(self, incoming: Incoming) -> None:
        """Return when the request comes from the platform, and freshly. Raises Refused."""
        raise NotImplementedError

    def read(self, incoming: Incoming) -> Said:
        """What was said. Raises BadPayload, never anything else for odd bodies."""
        raise NotImplementedError

    def hello(self, said: Said) -> dict[str, Any]:
        """What to answer when the platform tries the address."""
        return {"challenge": said.text}

    def prepare(self, said: Said, secrets: Mapping[str, str], address: str) -> Said:
        """Add what `show` will need; `address` is where the platform posts to us."""
        return said

    def ask_more(self, said: Said, secrets: Mapping[str, str]) -> Call | None:
        """What must be asked of the platform before it is known what was said."""
        return None

    def with_more(self, said: Said, told: bytes) -> Said:
        """What was said, now that the platform answered `ask_more`. Raises BadPayload."""
        return said

    def show(self, answer: Answer, said: Said, base: str) -> dict[str, Any]:
        """The answer as the platform's JSON; `base` is the address of this product."""
        raise NotImplementedError

    def acknowledge(self, said: Said) -> dict[str, Any]:
        """What to answer at once when the real answer takes longer."""
        return {}

    def later(self, answer: Answer, said: Said, incoming: Incoming, base: str) -> Call | None:
        """How to bring the real answer afterwards; None where the platform cannot."""
        return None

    def post(
        self, answer: Answer, channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        """How to tell a channel something by ourselves; None where the platform cannot."""
        return None

    def notify(
        self, answer: Answer, event: dict[str, Any], channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        """How to tell a channel of an event; programs may want the event itself too."""
        return self.post(answer, channel, secrets, settings, base)


def clip(text: str, most: int) -> str:
    """At most `most` characters, the last of them an ellipsis where something was cut off."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def bot_token_field(help_text: str) -> forms.CharField:
    """What most platforms want from who posts without being asked."""
    return forms.CharField(
        label="Bot token", required=False, max_length=500, widget=forms.PasswordInput,
        help_text=help_text,
    )  # fmt: skip


class SecretForm(forms.Form):
    """What platforms need that sign with one secret."""

    secret_fields: tuple[str, ...] = ("secret",)
    secret = forms.CharField(max_length=500, widget=forms.PasswordInput, strip=True)
