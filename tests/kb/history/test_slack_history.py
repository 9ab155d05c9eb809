"""Channels and threads of Slack as incidents: who said what when, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from common.slack_words import OWN_MESSAGE
from incidents.filing import edit_incident, file_incident
from incidents.models import Incident
from kb.history_sources.slack import Slack, SlackForm, targets_in
from kb.import_runner import import_records
from kb.importers.base import ImportedIncident, ReadResult
from kb.importers.slack import plain_words
from kb.remote_api import RemoteError
from tests.json_server import serving
from tests.slack_server import BOT, Channel, FakeSlack
from tests.vendor_server import TOKEN

AT = 1_760_000_000


@pytest.fixture
def there() -> Iterator[FakeSlack]:
    server = FakeSlack()
    with serving(server.respond) as server.url:
        yield server


@pytest.fixture
def outage(there: FakeSlack) -> Channel:
    """A channel in which an outage was handled."""
    channel = there.channel("inc-payments", created=AT - 10)
    channel.purpose = "Payments down"
    channel.say("joined", AT, subtype="channel_join")
    alert = [{"title": "SEV2 payments 5xx", "text": "service: payments"}]
    channel.say("", AT + 1, "", bot_id="B1", username="Grafana", attachments=alert)
    channel.say("posted by us", AT + 2, BOT, bot_id="B0BOT", metadata={"event_type": OWN_MESSAGE})
    channel.say("<@U0BOB> pool is *full* &lt;400&gt;, see <https://g.example/d|graph>", AT + 60)
    file = {"name": "pool.png", "permalink": "https://x.slack.com/files/pool.png"}
    channel.say("Raised it", AT + 600, "U0BOB", files=[file])
    return channel


def read(there: FakeSlack, channels: str, **settings: Any) -> list[ReadResult]:
    """All pages, each by an object of its own as a worker has it."""
    given = {
        "url": f"{there.url}/api", "token": TOKEN, "channels": channels, "shape": "channel",
        "earliest": "2025-01-01", **settings,
    }  # fmt: skip
    found: list[ReadResult] = []
    cursor: Any = {}
    while cursor is not None:
        page = Slack(given).page(cursor, None)
        found += page.records
        cursor = page.next
    return found


def only(records: list[ReadResult]) -> ImportedIncident:
    [(_, record)] = records
    assert isinstance(record, ImportedIncident), record
    return record


@pytest.mark.parametrize("most", [1000, 2])
def test_a_channel_is_one_incident_whose_messages_are_its_timeline(
    there: FakeSlack, outage: Channel, most: int
) -> None:
    there.most_messages = most  # As for an app that Slack limits.
    record = only(read(there, outage.id))
    assert (record.title, record.severity, record.services) == (
        "Payments down", "SEV2", ["payments"],
    )  # fmt: skip
    assert [who for _, who, _ in record.updates] == ["Grafana (bot)", "Ada Example", "Bob Example"]
    words = [text.replace("\\", "") for *_, text in record.updates]
    assert words[1] == "@Bob Example pool is full <400>, see graph (https://g.example/d)"
    assert words[2] == "Raised it\nFile: pool.png https://x.slack.com/files/pool.png"
    assert record.impact_started_at == datetime.fromtimestamp(AT + 1, UTC)
    assert record.resolved_at == datetime.fromtimestamp(AT + 600, UTC)
    assert set(record.guessed_times) == {"impact_started_at", "resolved_at"}
    history = there.called("conversations.history")
    assert len(history) == (1 if most > 2 else 3)
    assert len(there.called("users.info")) == 2


def test_a_channel_of_past_incidents_has_one_in_each_thread_and_chatter_is_none(
    there: FakeSlack,
) -> None:
    channel = there.channel("incidents")
    for number in (1, 2):
        ts = channel.say(f"Search down {number}", AT + number * 1000)
        channel.say("Restarted", AT + number * 1000 + 30, thread_ts=ts)
    channel.say("Lunch?", AT + 5000)
    there.limit(60)
    with pytest.raises(RemoteError, match="no more requests now") as limited:
        read(there, channel.id, shape="threads")
    assert limited.value.wait == 60
    found = read(there, channel.id, shape="threads")
    records = [record for _, record in found if isinstance(record, ImportedIncident)]
    assert [each.title for each in records] == ["Search down 2", "Search down 1"]


def test_private_channels_come_only_where_somebody_chose_so(
    there: FakeSlack, outage: Channel
) -> None:
    outage.is_private = True
    [(place, why)] = read(there, outage.id)
    assert outage.id in place
    assert "it is private" in str(why)
    assert only(read(there, outage.id, private=True)).title == "Payments down"


@pytest.mark.django_db
def test_a_thread_by_its_link_goes_onto_the_timeline_of_an_existing_incident(
    there: FakeSlack, outage: Channel
) -> None:
    incident = file_incident(title="Payments down")
    ts = outage.messages[3]["ts"]
    outage.say("It was the *pool*", AT + 700, "U0BOB", thread_ts=ts)
    link = f"https://x.slack.com/archives/{outage.id}/p{ts.replace('.', '')}"
    records = read(there, link, incident=incident.reference)
    assert only(records).external_url == link

    def changed() -> tuple[int, int, int]:
        report = import_records(records, "slack")
        return len(report.changed), report.same, len(report.skipped)

    assert changed() == (1, 0, 0)
    assert changed() == (0, 1, 0)
    written = list(incident.timeline.filter(kind="update").values_list("text", flat=True))
    assert "**Bob Example** It was the pool" in written
    assert Incident.objects.count() == 1
    edit_incident(incident, private=True)
    assert changed() == (0, 0, 1)


def test_settings_name_channels_and_threads_by_link_or_id() -> None:
    link = "https://x.slack.com/archives/C0123ABCD/p1760000000000100?thread_ts=1750000000.000200"
    one, two = targets_in(f"{link}\n\nC0123ABCD")
    assert (one.channel, one.thread) == ("C0123ABCD", "1750000000.000200")
    assert (two.channel, two.thread) == ("C0123ABCD", "")
    for wrong in (
        "#incidents",
        "https://x.slack.com/team/U1",
        "http://x.slack.com/archives/C0123A",
    ):
        with pytest.raises(ValidationError, match="no link to a channel"):
            targets_in(wrong)
    assert "channels" in SlackForm({"channels": "nothing"}).errors


def test_what_the_app_may_not_read_is_said_with_the_cure(there: FakeSlack, outage: Channel) -> None:
    outage.members.clear()
    with pytest.raises(RemoteError, match="invite it there"):
        read(there, outage.id)
    there.refusals = {"conversations.info": "missing_scope"}
    with pytest.raises(RemoteError, match="lacks the scope"):
        read(there, outage.id)


def test_mark_up_becomes_plain_words() -> None:
    for marked, plain in {
        "<!here> <!subteam^S1|@ops> <!date^1^{date}|Monday>": "@here @ops Monday",
        "<mailto:a@x.example|a@x.example> `x` ~old~ snake_case_name": (
            "a@x.example `x` old snake_case_name"
        ),
        "<@U9|zoe> <#C1> 2 * 3 * 4": "@zoe #C1 2 * 3 * 4",
    }.items():
        assert plain_words(marked, {}) == plain
