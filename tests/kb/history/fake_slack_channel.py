"""Slack as the origin of history, and the list of all that history is imported from by API."""

from __future__ import annotations

from typing import Any

from tests.json_server import Answer
from tests.kb.history.fake_products import (
    FakeConfluence,
    FakeGitHub,
    FakeJira,
    FakeOpsgenie,
    FakePagerDuty,
    FakeProduct,
    FakeStatuspage,
    Record,
)
from tests.kb.trackers.fake_tracker import Request
from tests.slack_server import Channel, FakeSlack


class FakeSlackChannel(FakeProduct):
    """A channel of past incidents, each of them a thread."""

    kind = "slack"

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "url": f"{self.url}/api", "channels": "C00001",
                "shape": "threads"}  # fmt: skip

    def external_id(self, record: Record) -> str:
        return f"{record.created.timestamp():.0f}.{record.number:06}"

    def limit(self, seconds: int) -> None:
        self.failures.append((429, {"Retry-After": str(seconds)}, {"ok": False}))

    def respond(self, request: Request) -> Answer:
        self.requests.append(request)
        if self.failures:
            return self.failures.pop(0)
        slack = FakeSlack(token=self.token)
        channel = slack.channel("incidents")
        for record in self.records:
            self.tell(channel, record)
        return slack.respond(request.method, request.path, request.headers, request.query)

    def tell(self, channel: Channel, record: Record) -> None:
        at = record.created.timestamp()
        ts = self.external_id(record)
        words = "" if record.broken else record.title
        channel.messages.append({"type": "message", "user": "U0ADA", "text": words, "ts": ts})
        channel.say("" if record.broken else "On it.", at + 60, "U0BOB", thread_ts=ts)
        for noted, _, words in record.notes:
            channel.say(words, noted.timestamp() + 0.5, thread_ts=ts)


PRODUCTS: dict[str, type[FakeProduct]] = {
    each.kind: each
    for each in (
        FakePagerDuty, FakeGitHub, FakeJira, FakeStatuspage, FakeOpsgenie, FakeConfluence,
        FakeSlackChannel,
    )
}  # fmt: skip
