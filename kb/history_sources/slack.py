"""Slack: channels and threads in which past incidents were handled.

Web API, https://docs.slack.dev/reference/methods, read on 2026-11-28: `conversations.history` lists
the newest first, `conversations.replies` the oldest, both by cursor. Since 2025 an app that is
distributed outside of the Marketplace may send one request a minute there, for 15 messages; a
workspace's own app may send 50 a minute. So one page here is one request, and a conversation grows
in the cursor until it is whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text
from common.slack_words import REFUSED_TOKENS
from kb.history_sources.base import (
    Cursor,
    HistorySource,
    HistorySourceForm,
    Page,
    api_for,
    share_of_time,
)
from kb.importers.base import ReadResult
from kb.importers.slack import (
    MOST_MESSAGES,
    at_of,
    incident_of,
    is_of_people,
    name_of,
    people_in,
    read_message,
    reduced,
)
from kb.remote_api import Answer, JsonApi, RemoteError

PAGE = 200
"""Messages of a page; Slack sends fewer to apps that it limits."""
NAMES_AT_ONCE, MOST_NAMES = 15, 300
LATE_REPLIES = timedelta(days=30)
"""Threads so old are compared when following: only their beginnings are listed."""
_CHANNEL = re.compile(r"[CG][A-Z0-9]{4,20}\Z")
_LINKED = re.compile(r"/archives/([CG][A-Z0-9]{4,20})(?:/p(\d{10})(\d{6}))?/?\Z")
_NO_CHANNEL = {"channel_not_found", "not_in_channel", "thread_not_found"}


@dataclass(frozen=True)
class Target:
    """A channel, or a thread in it that a link leads to."""

    channel: str
    thread: str = ""
    home: str = ""
    """The address of the workspace, as the link has it."""

    def address(self, thread: str) -> str:
        if not self.home:
            return f"https://slack.com/app_redirect?channel={self.channel}"
        message = f"/p{thread.replace('.', '')}" if thread else ""
        return f"{self.home}/archives/{self.channel}{message}"


def targets_in(written: str) -> list[Target]:
    """Raises ValidationError for a line that names neither a channel nor a thread."""
    found = []
    for line in filter(None, (line.strip() for line in written.splitlines())):
        parts = urlsplit(line)
        linked = _LINKED.search(parts.path) if parts.scheme == "https" else None
        if linked:
            of_reply = parse_qs(parts.query).get("thread_ts", [""])[0]
            thread = f"{linked[2]}.{linked[3]}" if linked[2] else ""
            is_time = re.fullmatch(r"\d{10}\.\d{6}", of_reply)
            home = f"https://{parts.netloc}"
            found.append(Target(linked[1], of_reply if is_time else thread, home))
        elif _CHANNEL.match(line):
            found.append(Target(line))
        else:
            raise forms.ValidationError(
                _("“%(line)s” is no link to a channel or thread, and no id such as C0123ABCD."),
                params={"line": line[:100]},
            )
    return found


class SlackForm(HistorySourceForm):
    url = forms.URLField(
        label=_("Address of the API"),
        initial="https://slack.com/api",
        max_length=300,
        assume_scheme="https",
    )
    channels = forms.CharField(
        label=_("Channels and threads"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Their links, or ids of channels, one a line. The app has to be in them."),
    )
    shape = forms.ChoiceField(
        label=_("A channel is"),
        choices=[
            ("threads", _("many incidents, one a thread")),
            ("channel", _("one incident, its messages the timeline")),
        ],
        help_text=_("The link of a thread is always one incident."),
    )
    incident = forms.RegexField(
        r"^INC-[0-9]{1,18}$",
        label=_("Onto the timeline of"),
        required=False,
        max_length=30,
        help_text=_("An existing incident, such as INC-42; empty for new ones."),
    )
    private = forms.BooleanField(
        label=_("Private channels, too"),
        required=False,
        help_text=_("What is imported can be read by everybody here."),
    )

    def clean_channels(self) -> str:
        written: str = self.cleaned_data["channels"]
        targets_in(written)
        return written


class Slack(HistorySource):
    kind = "slack"
    title = "Slack"
    source = "slack"
    reads = (
        "Conversations as timelines, with names; files as links. Times are guessed from the first "
        "and the last message."
    )
    SettingsForm = SlackForm

    def connect(self) -> JsonApi:
        self.targets = targets_in(str(self.settings["channels"]))
        return api_for(self.settings, f"Bearer {self.settings['token']}")

    def probe(self) -> str:
        team = text(self._get("auth.test"), "team", 100)
        for target in self.targets:
            self._get("conversations.info", channel=target.channel)
        found = {"count": len(self.targets), "team": team}
        if not team:
            return gettext("%(count)s channels and threads of the workspace can be read.") % found
        return gettext("%(count)s channels and threads of %(team)s can be read.") % found

    def page(self, cursor: Cursor, since: datetime | None) -> Page:
        """One step: what a channel is, a page of its messages, or the names of its people."""
        here = dict(cursor)
        place = int(here.get("place", 0))
        if place >= len(self.targets):
            return Page([], None)
        target = self.targets[place]
        records: list[ReadResult] = []
        if "created" not in here:
            problem = self._begin(target, here)
            if problem:
                records, here = [(f"channel {target.channel}", problem)], {"place": place + 1}
        elif here.get("open"):
            records = self._conversation(target, here, since)
        else:
            self._list(target, here, since)
        if "created" in here and not here.get("open") and not self._take_next(here):
            here = {"place": place + 1, "names": here.get("names", {})}
        ended = here["place"] >= len(self.targets)
        return Page(records, None if ended else here, None if ended else self._progress(here))

    def _begin(self, target: Target, here: Cursor) -> str:
        """Read what the channel is; why it is not imported, in a sentence."""
        here["place"] = int(here.get("place", 0))
        channel = dig(self._get("conversations.info", channel=target.channel), "channel", {})
        closed = any(dig(channel, name) is True for name in ("is_private", "is_im", "is_mpim"))
        if closed and not self.settings.get("private"):
            return "it is private: allow private channels in the settings, or take it out"
        created = dig(channel, "created")
        here["created"] = created if isinstance(created, int) else 0
        here["title"] = text(channel, "purpose.value", 200) or f"#{text(channel, 'name', 80)}"
        if target.thread:
            here["queue"] = [target.thread]
        elif self.settings.get("shape") == "channel":
            here["queue"] = [""]
        else:
            here["list"] = ""
        return ""

    def _list(self, target: Target, here: Cursor, since: datetime | None) -> None:
        """A page of the beginnings of threads, the newest first."""
        oldest = max(self.earliest, since - LATE_REPLIES) if since else self.earliest
        data = self._messages("conversations.history", target, here["list"], oldest)
        found = self.rows(data, "messages")
        threads = [row for row in found if dig(row, "reply_count") and is_of_people(row)]
        here["queue"] = [
            text(row, "ts", 30) for row in threads if since is None or _answered_since(row, since)
        ]
        here["list"] = text(data, "response_metadata.next_cursor", 300)
        here["reached"] = text(found[-1], "ts", 30) if found else ""
        if not here["list"]:
            del here["list"]

    def _take_next(self, here: Cursor) -> bool:
        """Open the next conversation; False where the channel has no more, and no more pages."""
        queue = here.get("queue", [])
        if queue:
            here["queue"] = queue[1:]
            here["open"] = {"thread": queue[0], "messages": [], "cursor": "", "more": True}
            return True
        return "list" in here

    def _conversation(
        self, target: Target, here: Cursor, since: datetime | None
    ) -> list[ReadResult]:
        """A page of a conversation, or names; the incident once it is whole."""
        conversation = here["open"]
        thread = conversation["thread"]
        if conversation["more"]:
            self._read_on(target, conversation, thread, since)
            return []
        names = here.setdefault("names", {})
        unknown = sorted(set(conversation["people"]) - set(names))[:NAMES_AT_ONCE]
        if unknown and len(names) < MOST_NAMES:
            names.update({each: self._name(each) for each in unknown})
            return []
        del here["open"]
        messages = [
            found for row in conversation["messages"] if (found := read_message(row, names))
        ]
        if since is not None and not messages:
            return []
        record = incident_of(
            thread or target.channel,
            messages,
            title="" if thread else here["title"],
            url=target.address(thread),
            into=str(self.settings.get("incident") or ""),
        )
        return [(f"conversation {thread or target.channel}", record)]

    def _read_on(
        self, target: Target, conversation: dict[str, Any], thread: str, since: datetime | None
    ) -> None:
        cursor = conversation["cursor"]
        if thread:
            data = self._messages("conversations.replies", target, cursor, ts=thread)
        else:
            oldest = since or self.earliest
            data = self._messages("conversations.history", target, cursor, oldest)
        written = [row for row in self.rows(data, "messages") if is_of_people(row)]
        people = set(conversation.get("people", []))
        conversation["people"] = sorted(people.union(*map(people_in, written)))[:MOST_NAMES]
        conversation["messages"] += [reduced(row) for row in written]
        if not thread:
            # The newest come first: those that count are the first ones.
            conversation["messages"] = conversation["messages"][-MOST_MESSAGES:]
        conversation["cursor"] = text(data, "response_metadata.next_cursor", 300)
        full = bool(thread) and len(conversation["messages"]) >= MOST_MESSAGES
        conversation["more"] = bool(conversation["cursor"]) and not full

    def _messages(
        self, method: str, target: Target, cursor: str, oldest: datetime | None = None, ts: str = ""
    ) -> Any:
        return self._get(
            method, channel=target.channel, ts=ts, cursor=cursor, limit=PAGE,
            include_all_metadata="true", oldest=f"{oldest.timestamp():.6f}" if oldest else "",
        )  # fmt: skip

    def _name(self, person: str) -> str:
        """The name of a person; their id where Slack does not say."""
        try:
            data = self._get("users.info", user=person)
        except RemoteError as error:
            if error.passing:
                raise
            return person
        return name_of(dig(data, "user.profile", {})) or text(data, "user.name", 100) or person

    def _progress(self, here: Cursor) -> float | None:
        done, whole = float(here["place"]), len(self.targets)
        reached = at_of({"ts": here.get("reached", "")})
        if reached is not None:
            start = max(self.earliest, datetime.fromtimestamp(here.get("created", 0), UTC))
            share = share_of_time(start, timezone.now() - (reached - start))
            done += share or 0.0
        return done / whole if done else None

    def _get(self, method: str, **params: Any) -> Any:
        """The answer of a method. Raises RemoteError, with Slack's word for why."""
        sent = {name: value for name, value in params.items() if value != ""}
        answer = self.api.send("GET", f"/{method}", params=sent)
        if not isinstance(answer.data, dict) or "ok" not in answer.data:
            raise self.api.odd()
        if answer.data["ok"] is not True:
            raise self._refusal(answer, str(params.get("channel", "")))
        return answer.data

    def _refusal(self, answer: Answer, channel: str) -> RemoteError:
        why = text(answer.data, "error", 60)
        if why in REFUSED_TOKENS:
            return self.api.error_of(Answer(401, answer.headers, why))
        if why == "missing_scope":
            needed = text(answer.data, "needed", 100)
            message = f"The token lacks the scope {needed}: add it to the app and install it again."
            return RemoteError(message, of_all=True)
        if why in _NO_CHANNEL:
            message = f"The app is not in {channel}, or there is none: invite it there ({why})."
            return RemoteError(message)
        return RemoteError(f"{self.api.host} refused it ({why}).", passing=why.endswith("_error"))


def _answered_since(row: Mapping[str, Any], since: datetime) -> bool:
    latest = at_of({"ts": text(row, "latest_reply", 30) or text(row, "ts", 30)})
    return latest is not None and latest >= since
