"""Chat: who may ask, what they are answered, in time, and what never gets to a channel."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.contrib.auth.models import AbstractUser
from django.test import Client
from django.utils import timezone

from incidents.filing import file_incident, set_status
from incidents.models import Change, Incident, Service
from kb import chat_door, commands
from kb.chat import registry
from kb.chat.base import Answer, Button, Incoming, Item, Refused, Said
from kb.chat.mattermost import button_token
from kb.linking import name_cause
from kb.models import CauseLink, ChatCode, ChatPerson, ChatRoom, Workspace

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
PERSON = "U2CERLKJA"


@pytest.fixture(autouse=True)
def fresh_door() -> Iterator[None]:
    chat_door.forget()
    yield
    chat_door.forget()


@pytest.fixture
def slack(db: None) -> Workspace:
    row = Workspace(kind="slack", name="Slack", settings={"workspace": "", "mark": "pushpin"})
    row.secrets = {"secret": SECRET, "bot_token": "xoxb-1"}
    row.save()
    return row


@pytest.fixture
def linked(slack: Workspace, user: AbstractUser) -> ChatPerson:
    return ChatPerson.objects.create(workspace=slack, external_id=PERSON, user=user)


def signed(body: str, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at or time.time()))
    signature = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256)
    return {
        "HTTP_X_SLACK_REQUEST_TIMESTAMP": stamp,
        "HTTP_X_SLACK_SIGNATURE": f"v0={signature.hexdigest()}",
    }


def say(workspace: Workspace, text: str, **fields: str) -> Any:
    """A slash command as Slack sends it."""
    form = {
        "user_id": PERSON, "user_name": "roadrunner", "channel_id": "C1", "channel_name": "ops",
        "team_id": "T1", "text": text, "trigger_id": f"t{time.monotonic_ns()}",
        "response_url": "https://hooks.slack.com/commands/T1/1/x", **fields,
    }  # fmt: skip
    body = urlencode(form)
    return Client().post(
        f"/chat/{workspace.slug}/", body, content_type="application/x-www-form-urlencoded",
        **signed(body),
    )  # fmt: skip


def told(answer: Any) -> str:
    return json.dumps(answer.json(), ensure_ascii=False)


# Proof


def incoming(body: str, headers: dict[str, str], at: float, **secrets: str) -> Incoming:
    return Incoming(headers, body.encode(), datetime.fromtimestamp(at, UTC), secrets, {})


SLACKS_EXAMPLE = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    "%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    "803a0bc887a14d10d2c447fce8b6703c"
)


def test_slacks_documented_example_is_proved_and_a_forged_or_stale_one_is_not() -> None:
    plugin = registry()["slack"]()
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    plugin.prove(incoming(SLACKS_EXAMPLE, headers, 1531420620, secret=SECRET))
    said = plugin.read(incoming(SLACKS_EXAMPLE, headers, 1531420620, secret=SECRET))
    assert (said.person, said.channel, said.text) == (PERSON, "G8PSS9T3V", "")
    with pytest.raises(Refused):
        plugin.prove(incoming(SLACKS_EXAMPLE + "x", headers, 1531420620, secret=SECRET))
    with pytest.raises(Refused):
        plugin.prove(incoming(SLACKS_EXAMPLE, headers, 1531420618 + 301, secret=SECRET))


MATTERMOSTS_EXAMPLE = (
    "channel_id=cniah6qa73bjjjan6mzn11f4ie&channel_name=town-square&command=/somecommand"
    "&response_url=https://chat.example.com/hooks/commands/x&team_domain=someteam"
    "&team_id=rdc9bgriktyx9p4kowh3dmgqyc&text=hello+world&token=xr3j5x3p4pfk7kk6ck7b4e6ghh"
    "&user_id=c3a4cqe3dfy6dgopqt8ai3hydh&user_name=somename"
)


def test_mattermosts_documented_example_is_proved_by_its_token() -> None:
    plugin = registry()["mattermost"]()
    form = {"content-type": "application/x-www-form-urlencoded"}
    asked = incoming(MATTERMOSTS_EXAMPLE, form, 0, secret="xr3j5x3p4pfk7kk6ck7b4e6ghh")
    plugin.prove(asked)
    said = plugin.read(asked)
    assert (said.text, said.person) == ("hello world", "c3a4cqe3dfy6dgopqt8ai3hydh")
    with pytest.raises(Refused):
        plugin.prove(incoming(MATTERMOSTS_EXAMPLE, form, 0, secret="another"))
    press = json.dumps(
        {"user_id": "u", "context": {"value": "it 1 2", "token": button_token("tok")}}
    )
    kind = {"content-type": "application/json"}
    plugin.prove(incoming(press, kind, 0, secret="tok"))
    with pytest.raises(Refused):
        plugin.prove(incoming(press, kind, 0, secret="tik"))


def teams_request(text: str, at: str, key: bytes = b"sixteen byte key") -> tuple[str, str]:
    body = json.dumps(
        {
            "type": "message", "id": "1485983408511", "timestamp": at,
            "text": f"<at>Causebook</at> {text}", "channelId": "msteams",
            "from": {"id": "29:1XJKJMvc5GBtc2JwZq0oj8tHZmzrQgmB39ATiQWA85gQ", "name": "Ann"},
            "conversation": {"id": "19:253b1f341670408fb6fe51050b6e5ceb@thread.skype"},
        }
    )  # fmt: skip
    digest = hmac.new(key, body.encode("utf-8"), hashlib.sha256).digest()
    return body, f"HMAC {base64.b64encode(digest).decode()}"


def test_teams_requests_are_proved_as_its_documentation_says() -> None:
    plugin, key = registry()["teams"](), base64.b64encode(b"sixteen byte key").decode()
    body, header = teams_request("checkout 5xx", "2026-11-25T12:00:00.000Z")
    at = datetime(2026, 11, 25, 12, 1, tzinfo=UTC).timestamp()
    plugin.prove(incoming(body, {"authorization": header}, at, secret=key))
    assert plugin.read(incoming(body, {}, at, secret=key)).text == "checkout 5xx"
    for changed, head, late in (
        (body.replace("5xx", "4xx"), header, 0),
        (body, header[:-4] + "AAA=", 0),
        (body, "", 0),
        (body, header, 3600),
    ):
        with pytest.raises(Refused):
            plugin.prove(incoming(changed, {"authorization": head}, at + late, secret=key))


def test_discord_requests_are_proved_by_the_applications_key() -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    body = json.dumps({"type": 1})
    headers = {
        "x-signature-timestamp": "1700000000",
        "x-signature-ed25519": key.sign(b"1700000000" + body.encode()).hex(),
    }
    plugin = registry()["discord"]()
    plugin.prove(incoming(body, headers, 1700000001, secret=public))
    for at, raw in ((1700000600, body), (1700000001, body + " ")):
        with pytest.raises(Refused):
            plugin.prove(incoming(raw, headers, at, secret=public))
    with pytest.raises(Refused):
        plugin.prove(incoming(body, {}, 1700000001, secret=public))


def test_a_replayed_request_is_refused_and_a_retried_event_done_once(
    slack: Workspace, linked: ChatPerson
) -> None:
    body = urlencode(
        {"user_id": PERSON, "text": "new checkout is down", "trigger_id": "t1", "channel_id": "C"}
    )
    form, headers = "application/x-www-form-urlencoded", signed(body)
    address = f"/chat/{slack.slug}/"
    assert Client().post(address, body, content_type=form, **headers).status_code == 200
    again = Client().post(address, body, content_type=form, **headers)
    assert (again.status_code, "replay" in again.json()["title"]) == (401, True)
    assert Incident.objects.count() == 1
    assert Client().post(address, body, content_type=form).status_code == 401
    assert Client().post("/chat/nowhere/", body, content_type=form).status_code == 404


def test_slack_tries_the_address_first(slack: Workspace) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"})
    answer = Client().post(
        f"/chat/{slack.slug}/", body, content_type="application/json", **signed(body)
    )
    assert answer.json() == {"challenge": "abc"}


def test_another_workspace_than_the_one_set_up_is_not_answered(slack: Workspace) -> None:
    slack.settings = {"workspace": "T1"}
    slack.save()
    assert told(say(slack, "help", team_id="T2")) == "{}"
    assert "What I understand" in told(say(slack, "help"))


# The commands


def test_past_causes_come_with_reasons_links_and_last_fix(
    slack: Workspace, incident: Incident, user: AbstractUser
) -> None:
    name_cause(incident, "Missing index", author=user)
    set_status(incident, "resolved", user, "Created the index")
    answer = say(slack, "orders-db CPU at 97 %")
    assert answer.json()["response_type"] == "ephemeral"
    words = told(answer)
    assert "Missing index" in words
    assert "Because of" in words
    assert "Created the index" in words
    assert f"/knowledge/causes/{incident.causes.get().pk}/" in words
    shared = say(slack, "share orders-db CPU at 97 %").json()
    assert shared["response_type"] == "in_channel"


def test_it_says_so_when_history_holds_nothing_alike(slack: Workspace, incident: Incident) -> None:
    assert "Nothing like this in our history" in told(say(slack, "zebra quux flurb"))


def test_who_is_not_known_reads_but_changes_nothing(slack: Workspace, incident: Incident) -> None:
    assert incident.title in told(say(slack, incident.reference))
    for words in ("new checkout is down", f"resolve {incident.reference}", "note x"):
        assert "do not know yet who you are" in told(say(slack, words))
    assert Incident.objects.count() == 1


def test_a_code_from_the_page_says_who_one_is_once(
    slack: Workspace, web: Client, user: AbstractUser
) -> None:
    code = web.post("/knowledge/chat/me/").context["code"]
    assert f"You are {user}" in told(say(slack, f"link {code}"))
    assert "not valid" in told(say(slack, f"link {code}", user_id="U9"))
    assert ChatPerson.objects.get().user == user
    expired = ChatCode.make(user)
    ChatCode.objects.update(expires_at=timezone.now())
    assert "not valid" in told(say(slack, f"link {expired}"))


def test_an_incident_is_filed_moved_noted_and_resolved_from_chat(
    slack: Workspace, linked: ChatPerson, database: Service, user: AbstractUser
) -> None:
    answer = say(slack, "new orders-db is slow")
    assert answer.json()["response_type"] == "in_channel"
    incident = Incident.objects.get()
    assert (incident.reporter, list(incident.services.all())) == (user, [database])
    ref = incident.reference
    say(slack, f"severity {ref} sev1")
    say(slack, f"status {ref} identified")
    say(slack, f"note {ref} failover begun")
    say(slack, f"cause {ref} Disk full")
    say(slack, f"resolve {ref} Freed the disk")
    incident.refresh_from_db()
    assert (incident.severity, incident.status) == ("SEV1", "resolved")
    assert incident.resolution == "Freed the disk"
    assert incident.causes.get().name == "Disk full"
    assert incident.timeline.filter(text="failover begun", author=user).exists()


def test_wrong_words_are_answered_with_what_to_do(slack: Workspace, linked: ChatPerson) -> None:
    assert "no INC-999 that can be shown" in told(say(slack, "status INC-999 resolved"))
    assert "Which incident?" in told(say(slack, "note hello"))
    assert "What is wrong?" in told(say(slack, "new"))
    ref = file_incident(title="x is down").reference
    assert "One of investigating" in told(say(slack, f"status {ref} done"))
    assert "Disk full" not in told(say(slack, f"cause {ref}"))
    assert "what was changed" in told(say(slack, f"cause {ref}")).lower()


def test_buttons_confirm_and_reject_causes(
    slack: Workspace, linked: ChatPerson, incident: Incident, database: Service, user: AbstractUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    name_cause(incident, "Missing index", author=user)
    again = file_incident(title="orders-db CPU at 97 %", services=[database])
    shown = say(slack, f"similar {again.reference}").json()
    buttons = [b for block in shown["blocks"] if block["type"] == "actions"
               for b in block["elements"]]  # fmt: skip
    sent: list[Any] = []
    monkeypatch.setattr(chat_door, "send", keeping(sent))
    for button, state in zip(buttons, ("confirmed", "rejected"), strict=True):
        payload = {
            "type": "block_actions", "user": {"id": PERSON, "username": "roadrunner"},
            "team": {"id": "T1"}, "channel": {"id": "C1"}, "trigger_id": f"p{state}",
            "response_url": "https://hooks.slack.com/actions/x", "actions": [button],
        }  # fmt: skip
        body = urlencode({"payload": json.dumps(payload)})
        answer = Client().post(
            f"/chat/{slack.slug}/", body, content_type="application/x-www-form-urlencoded",
            **signed(body),
        )  # fmt: skip
        assert answer.status_code == 200
        link = wait_until(again.cause_links.filter(state=state).first)
        assert (link.author, link.cause.name) == (user, "Missing index")
    wait_until(lambda: len(sent) == 2)
    assert {call.url for call in sent} == {"https://hooks.slack.com/actions/x"}


def keeping(sent: list[Any]) -> Callable[[Workspace, Any], bytes]:
    """Stands for the platform: keeps what would have been sent."""

    def send(workspace: Workspace, call: Any) -> bytes:
        sent.append(call)
        return b""

    return send


def wait_until(question: Callable[[], Any], seconds: float = 5.0) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := question():
            return found
        time.sleep(0.02)
    raise AssertionError("It did not happen in time.")


def test_a_marked_message_becomes_an_entry_at_its_own_time(
    slack: Workspace, linked: ChatPerson, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(slack, f"here {incident.reference}")
    assert ChatRoom.objects.get().incident == incident
    sent: list[Any] = []

    def send(workspace: Workspace, call: Any) -> bytes:
        sent.append(call)
        return json.dumps({"ok": True, "messages": [{"text": "Failover at 03:04"}]}).encode()

    monkeypatch.setattr(chat_door, "send", send)
    event = {
        "type": "event_callback", "team_id": "T1", "event_id": "Ev1",
        "event": {"type": "reaction_added", "user": PERSON, "reaction": "pushpin",
                  "item": {"channel": "C1", "ts": "1763953200.000100"}},
    }  # fmt: skip
    body = json.dumps(event)
    for _ in range(2):  # Slack sends an event again when our answer was late.
        answer = Client().post(
            f"/chat/{slack.slug}/", body, content_type="application/json",
            **signed(body), HTTP_X_SLACK_RETRY_NUM="1",
        )  # fmt: skip
        assert answer.status_code == 200
    entry = wait_until(lambda: incident.timeline.filter(text__contains="Failover at").first())
    assert entry.at == datetime.fromtimestamp(1763953200.0001, UTC)
    wait_until(lambda: len(sent) == 2)
    assert incident.timeline.filter(text__contains="Failover at").count() == 1


def test_changes_and_owners_of_a_service(slack: Workspace, database: Service) -> None:
    Change.objects.create(service=database, title="orders-db 8.53")
    database.owner_team = "Data"
    database.save()
    assert "orders-db 8.53" in told(say(slack, "changes orders-db 2h"))
    assert "Team: Data" in told(say(slack, "who orders"))
    assert "No service is called" in told(say(slack, "who nobody"))


# Private incidents


def test_a_private_incident_is_whispered_to_who_may_see_it_and_nobody_else(
    slack: Workspace, linked: ChatPerson, user: AbstractUser, database: Service
) -> None:
    secret = file_incident(title="Zebrafish leak", reporter=user, private=True, services=[database])
    name_cause(secret, "Okapi key in a bucket", author=user)
    mine = say(slack, secret.reference)
    assert "Zebrafish" in told(mine)
    assert mine.json()["response_type"] == "ephemeral"
    assert say(slack, f"note {secret.reference} x").json()["response_type"] == "ephemeral"
    for words in (
        secret.reference, "Zebrafish leak", f"similar {secret.reference}", "who orders-db",
        f"status {secret.reference} resolved", f"cause {secret.reference} Disk full",
    ):  # fmt: skip
        theirs = told(say(slack, words, user_id="U-stranger")).lower()
        assert "okapi" not in theirs
        assert "zebrafish leak" not in theirs.replace(words.lower(), "")
        shared = told(say(slack, f"share {words}")).lower()
        assert "okapi" not in shared
        assert "leak" not in shared.replace(words.lower(), "")
    assert "no channel" in told(say(slack, f"here {secret.reference}"))
    secret.refresh_from_db()
    assert secret.is_open


def test_where_the_platform_cannot_whisper_nothing_private_is_said(
    user: AbstractUser, database: Service
) -> None:
    teams = Workspace(kind="teams", name="Teams")
    teams.secrets = {"secret": base64.b64encode(b"sixteen byte key").decode()}
    teams.save()
    person = "29:1XJKJMvc5GBtc2JwZq0oj8tHZmzrQgmB39ATiQWA85gQ"
    ChatPerson.objects.create(workspace=teams, external_id=person, user=user)
    secret = file_incident(title="Zebrafish leak", reporter=user, private=True)
    body, header = teams_request(secret.reference, timezone.now().isoformat())
    answer = Client().post(
        f"/chat/{teams.slug}/", body, content_type="application/json", HTTP_AUTHORIZATION=header
    )
    assert "can be shown here" in told(answer)
    assert "Zebrafish" not in told(answer)


# In time


def test_a_slow_database_still_gets_the_acknowledgement_out(
    slack: Workspace, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert say(slack, "help").status_code == 200  # The workspace is remembered from here on.
    sent: list[Any] = []
    released = threading.Event()
    monkeypatch.setattr(chat_door, "send", keeping(sent))
    slow = commands.respond

    def respond(*args: Any) -> Answer:
        released.wait(10)
        return slow(*args)

    monkeypatch.setattr(commands, "respond", respond)
    monkeypatch.setattr(chat_door, "_load", lambda slug: released.wait(10))
    for known in chat_door._known.values():
        known.until = 0.0
    began = time.monotonic()
    answer = say(slack, incident.reference)
    assert time.monotonic() - began < 1.0 + chat_door.WAIT / 2
    assert answer.json()["text"] == "Looking…"
    released.set()
    call = wait_until(lambda: sent and sent[0])
    assert call.url.startswith("https://hooks.slack.com/")
    assert incident.title in json.dumps(call.body)


def test_a_slow_platform_keeps_nobody_waiting(
    slack: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    def send(workspace: Workspace, call: Any) -> bytes:
        time.sleep(1.5)
        sent.append(call)
        return b""

    monkeypatch.setattr(chat_door, "send", send)
    event = {
        "type": "event_callback", "team_id": "T1", "event_id": "Ev7",
        "event": {"type": "app_mention", "user": PERSON, "text": "<@U9> help", "channel": "C1"},
    }  # fmt: skip
    body = json.dumps(event)
    began = time.monotonic()
    Client().post(f"/chat/{slack.slug}/", body, content_type="application/json", **signed(body))
    assert time.monotonic() - began < 1.0
    call = wait_until(lambda: sent and sent[0])
    assert call.url == "https://slack.com/api/chat.postEphemeral"


def test_only_a_direct_channel_counts_as_one() -> None:
    plugin = registry()["mattermost"]()
    form = {"content-type": "application/x-www-form-urlencoded"}
    for name, alone in (("team__room", False), ("a" * 26 + "__" + "b" * 26, True)):
        body = urlencode({"user_id": "u", "channel_name": name, "text": "x"})
        assert plugin.read(incoming(body, form, 0)).private is alone


# Every platform


LONG = Answer(
    "x" * 9000,
    [
        Item(f"<b>|{'y' * 900}", f"/INC-{n}/", ["@here [z](http://e) " * 900] * 3,
             [Button("This is it " * 20, f"it {n} 2"), Button("Not it", f"not {n} 2")])
        for n in range(40)
    ],
    footer="f" * 9000,
)  # fmt: skip


@pytest.mark.parametrize("kind", registry())
def test_every_platform_shows_any_answer_within_its_limits(kind: str) -> None:
    plugin, said = registry()[kind](), Said("command", channel="C", extra={"address": "https://h/"})
    shown = plugin.show(LONG, said, "https://kb.example.com")
    words = json.dumps(shown)
    assert "https://kb.example.com/INC-0/" in words
    # Where a title could end a link or open a tag, it does not.
    if kind in ("slack", "telegram", "googlechat"):
        assert "<b>|" not in words
    limits = {"slack": 200_000, "telegram": 12_000, "discord": 60_000}
    assert len(words) < limits.get(kind, 600_000) or kind == "webhook"
    if kind == "slack":
        assert len(shown["blocks"]) <= 50
        texts = [b["text"]["text"] for b in shown["blocks"] if b["type"] == "section"]
        assert max(map(len, texts)) <= 3000
    if kind == "telegram":
        assert len(shown["text"]) <= 4096
    if kind == "discord":
        assert len(shown["data"]["content"]) <= 2000
        assert len(shown["data"]["components"]) <= 5
        assert shown["data"]["allowed_mentions"] == {"parse": []}
    assert isinstance(plugin.acknowledge(said), dict)


@pytest.mark.parametrize("kind", registry())
@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "null", '{"type": 7}', "\xff", '{"event": [1]}', '{"message": "x"}']
)
def test_every_platform_takes_odd_bodies_without_a_server_error(kind: str, body: str) -> None:
    from kb.chat.base import BadPayload

    plugin = registry()[kind]()
    for content in ("application/json", "application/x-www-form-urlencoded"):
        asked = Incoming({"content-type": content}, body.encode("latin-1"), timezone.now(), {}, {})
        try:
            said = plugin.read(asked)
        except (BadPayload, UnicodeDecodeError):
            continue
        assert isinstance(said, Said)


def test_a_cause_link_by_button_needs_a_known_person(slack: Workspace, incident: Incident) -> None:
    said = Said("press", f"it {incident.pk} 1", "U-stranger", channel="C1")
    answer = commands.respond(slack, said, True)
    assert "do not know yet" in answer.text
    assert not CauseLink.objects.exists()
