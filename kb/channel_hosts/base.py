"""The contract of platforms with channels for incidents: requests out, answers read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from kb.chat.base import OutboundRequest


@dataclass(frozen=True)
class FoundChannel:
    """A channel as the platform lists it; `creator` is the platform's id of who made it."""

    id: str
    name: str
    creator: str
    created: float
    """seconds since 1970"""
    is_private: bool


class ChannelHost:
    """Base of the plug-ins: one workspace of a kind of `kb.chat`.

    It builds requests and reads answers; `kb/channels/syncing.py` sends them and decides what is
    next. The sets hold the platform's own words for a refusal.
    """

    kind: ClassVar[str] = ""
    """The kind of the workspaces, as `kb.chat` has it."""
    name_taken: ClassVar[Collection[str]] = ()
    so_already: ClassVar[Collection[str]] = ()
    """What was wanted is so."""
    missing: ClassVar[Collection[str]] = ()
    """The channel was archived or deleted there."""
    nothing_found: ClassVar[Collection[str]] = ()
    """There is no channel of the name, or no person, that was searched for."""
    longest_name: ClassVar[int] = 80
    locked_out: ClassVar[Collection[str]] = ()
    """The token was revoked, or is none."""

    def __init__(self, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self.secrets, self.settings = secrets, settings

    def problem(self) -> str:
        """What the settings lack, in a sentence with the cure; empty for nothing."""
        raise NotImplementedError

    def allowed_name(self, words: str) -> str:
        """A name for a channel as the platform allows it."""
        raise NotImplementedError

    def find_team(self) -> OutboundRequest | None:
        """What must be read before channels are created or found; None for nothing."""
        return None

    def use_team(self, answer: Any) -> None:
        """Remember what `find_team` found. Raises ValueError with the cure where that is none."""

    def create(self, name: str, private: bool) -> OutboundRequest:
        raise NotImplementedError

    def created_id(self, answer: Any) -> str:
        """The id of the channel; empty where the answer has none."""
        raise NotImplementedError

    def who_am_i(self) -> OutboundRequest:
        raise NotImplementedError

    def own_id(self, answer: Any) -> str:
        raise NotImplementedError

    def own_channels(self, name: str, private: bool, cursor: str) -> OutboundRequest:
        """A page of the channels that we are in and that are not archived, or the one of `name`."""
        raise NotImplementedError

    def listed(self, answer: Any) -> tuple[list[FoundChannel], str]:
        """The channels of a page, and the cursor of the next one; empty at the end."""
        raise NotImplementedError

    def describe(self, channel: str, text: str) -> OutboundRequest:
        raise NotImplementedError

    def set_topic(self, channel: str, text: str) -> OutboundRequest:
        raise NotImplementedError

    def with_key(self, message: OutboundRequest, key: str) -> OutboundRequest:
        """The message with a key that `posted_keys` finds again, and that people do not see."""
        raise NotImplementedError

    def newest_messages(self, channel: str) -> OutboundRequest:
        raise NotImplementedError

    def posted_keys(self, answer: Any) -> set[str]:
        raise NotImplementedError

    def find_person(self, email: str, username: str) -> OutboundRequest | None:
        """Whom the platform knows by that; None where it is not searched."""
        return None

    def person_id(self, answer: Any) -> str:
        """The id of who was found; empty for nobody who could be invited."""
        return ""

    def invite(self, channel: str, person: str) -> OutboundRequest:
        raise NotImplementedError

    def remove(self, channel: str, person: str) -> OutboundRequest:
        raise NotImplementedError

    def archive(self, channel: str) -> OutboundRequest:
        raise NotImplementedError

    def address(self, channel: str) -> str:
        """Where a browser opens it."""
        raise NotImplementedError
