"""One channel there: requests are sent, and what came of each is stored with the claim."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from common.payloads import BadPayload, json_of
from common.site_url import public_url
from kb.channel_hosts.base import ChannelHost
from kb.chat import registry as platforms
from kb.chat.base import ChatAnswer, Destination, OutboundRequest
from kb.chatops import outbound
from kb.chatops.outbound import NotSent
from kb.models import OpenedChannel

MOST_NAMES, MOST_PAGES, MOST_NOTES = 9, 30, 20
MAX_LISTED = 2 * 1024 * 1024
CLOCKS_DIFFER = timedelta(minutes=5)


class LostClaim(Exception):
    """Another worker has the row by now: this one writes nothing more."""


class Conversation:
    """A row that this worker has claimed, and its workspace."""

    def __init__(self, row: OpenedChannel, host: ChannelHost) -> None:
        self.row, self.host = row, host
        self._keys: set[str] | None = None

    def save(self, **fields: Any) -> None:
        """Store what was done. Raises LostClaim."""
        rows = OpenedChannel.objects.filter(
            pk=self.row.pk, claimed_by=self.row.claimed_by, state=OpenedChannel.State.CLAIMED
        )
        if not rows.update(**fields):
            raise LostClaim
        for name, value in fields.items():
            setattr(self.row, name, value)

    def forget(self) -> None:
        """Begin anew: the former channel is archived."""
        self.save(
            channel="", name="", topic_digest="", described=False, posted=[], invited=[], notes={},
            archived_at=None,
        )  # fmt: skip

    def send(self, request: OutboundRequest, most: int = outbound.MAX_BYTES) -> Any:
        """The answer as JSON. A refusal because it is so already is none. Raises NotSent."""
        try:
            return json_of(outbound.send(self.row.workspace, request, most))
        except NotSent as error:
            if error.reason in self.host.so_already:
                return {}
            raise
        except BadPayload as error:
            raise NotSent(f"{urlsplit(request.url).hostname} answered no JSON.") from error

    def attempt(self, step: str, request: OutboundRequest) -> Any:
        """What came of it; None for a refusal of this step alone: it is noted, the others go on.

        That nothing was found is not noted.
        """
        try:
            answer = self.send(request)
        except NotSent as error:
            of_all = (*self.host.missing, *self.host.locked_out)
            if not error.reason or error.wait or error.reason in of_all:
                raise
            if error.reason in self.host.nothing_found:
                return None
            if len(self.row.notes) < MOST_NOTES:
                self.save(notes={**self.row.notes, step: error.reason})
            return None
        if step in self.row.notes:
            self.save(notes={k: v for k, v in self.row.notes.items() if k != step})
        return answer

    def open(self, name: str) -> None:
        """Create the channel under `name`, or one like it that is free.

        After an attempt whose answer was lost it exists already. Raises NotSent.
        """
        if request := self.host.find_team():
            self.host.use_team(self.attempt("team", request))
        if self.row.attempts > 1 and self.row.name and (found := self._find(self.row.name)):
            return self.save(channel=found)
        for number in range(1, MOST_NAMES + 1):
            ending = f"-{number}" if number > 1 else ""
            free = self.host.allowed_name(name[: self.host.longest_name - len(ending)]) + ending
            self.save(name=free, is_private=self.row.is_private)
            try:
                answer = self.send(self.host.create(free, self.row.is_private))
            except NotSent as error:
                if error.reason not in self.host.name_taken:
                    raise
                if found := self._find(free):
                    return self.save(channel=found)
                continue
            channel = self.host.created_id(answer)
            if not channel:
                raise NotSent("The answer to the new channel has no id.")
            return self.save(channel=channel)
        raise NotSent(f"The names {name} to {name}-{MOST_NAMES} are taken there.")

    def _find(self, name: str) -> str:
        """The id of our own channel of a name that was created for this row; empty for none."""
        me = self.host.own_id(self.send(self.host.who_am_i()))
        since = (self.row.created_at - CLOCKS_DIFFER).timestamp()
        cursor = ""
        for _ in range(MOST_PAGES):
            request = self.host.own_channels(name, self.row.is_private, cursor)
            try:
                found, cursor = self.host.listed(self.send(request, MAX_LISTED))
            except NotSent as error:
                if error.reason in self.host.nothing_found:
                    break
                raise
            for each in found:
                ours = each.creator == me and each.is_private == self.row.is_private
                if ours and each.name == name and each.created >= since:
                    return each.id
            if not cursor:
                break
        return ""

    def post_once(self, key: str, text: Callable[[], ChatAnswer], again: bool = False) -> None:
        """Post a message unless it was; `again` if the same may follow others. Raises NotSent."""
        if key in self.row.posted and not again:
            return
        if self.row.attempts > 1 and key in self._posted_there():
            return self.save(posted=[*self.row.posted, key])
        platform = platforms()[self.row.workspace.kind]()
        workspace = self.row.workspace
        to = Destination(
            self.row.channel, workspace.secrets, workspace.settings, public_url(),
            address=f"{public_url()}/chat/{workspace.slug}/",
        )  # fmt: skip
        message = platform.post_message(text().redacted(), to)
        if not isinstance(message, OutboundRequest):
            raise NotSent("This workspace has no way to post: see its settings.")
        self.send(self.host.with_key(message, key))
        self.save(posted=[*self.row.posted, key])

    def _posted_there(self) -> set[str]:
        """The keys of the newest messages; none where we may not read them."""
        if self._keys is None:
            try:
                request = self.host.newest_messages(self.row.channel)
                self._keys = self.host.posted_keys(self.send(request, MAX_LISTED))
            except NotSent as error:
                if error.reason != "missing_scope":
                    raise
                self._keys = set()
        return self._keys
