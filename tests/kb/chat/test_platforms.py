"""Each chat platform: verification of requests, and rendering of answers within limits."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from kb.chat import registry
from kb.chat.base import (
    AnswerButton,
    AnswerItem,
    BadPayload,
    ChatAnswer,
    ChatEvent,
    ChatRequest,
    NotAuthentic,
)
from kb.chat.mattermost import button_token
from tests.kb.chat_requests import SECRET, incoming, teams_request
from tests.vendor_server import slack_problem

PERSON = "U2CERLKJA"

SLACKS_EXAMPLE = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    "%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    "803a0bc887a14d10d2c447fce8b6703c"
)


def test_it_verifies_slacks_documented_example_and_rejects_forged_or_old_ones() -> None:
    plugin = registry()["slack"]()
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    plugin.verify(incoming(SLACKS_EXAMPLE, headers, 1531420620, secret=SECRET))
    event = plugin.parse(incoming(SLACKS_EXAMPLE, headers, 1531420620, secret=SECRET))
    assert (event.person, event.channel, event.text) == (PERSON, "G8PSS9T3V", "")
    with pytest.raises(NotAuthentic):
        plugin.verify(incoming(SLACKS_EXAMPLE + "x", headers, 1531420620, secret=SECRET))
    with pytest.raises(NotAuthentic):
        plugin.verify(incoming(SLACKS_EXAMPLE, headers, 1531420618 + 301, secret=SECRET))


MATTERMOSTS_EXAMPLE = (
    "channel_id=cniah6qa73bjjjan6mzn11f4ie&channel_name=town-square&command=/somecommand"
    "&response_url=https://chat.example.com/hooks/commands/x&team_domain=someteam"
    "&team_id=rdc9bgriktyx9p4kowh3dmgqyc&text=hello+world&token=xr3j5x3p4pfk7kk6ck7b4e6ghh"
    "&user_id=c3a4cqe3dfy6dgopqt8ai3hydh&user_name=somename"
)


def test_it_verifies_mattermosts_documented_example_by_its_token() -> None:
    plugin = registry()["mattermost"]()
    form = {"content-type": "application/x-www-form-urlencoded"}
    request = incoming(MATTERMOSTS_EXAMPLE, form, 0, secret="xr3j5x3p4pfk7kk6ck7b4e6ghh")
    plugin.verify(request)
    event = plugin.parse(request)
    assert (event.text, event.person) == ("hello world", "c3a4cqe3dfy6dgopqt8ai3hydh")
    with pytest.raises(NotAuthentic):
        plugin.verify(incoming(MATTERMOSTS_EXAMPLE, form, 0, secret="another"))
    press = json.dumps(
        {"user_id": "u", "context": {"value": "it 1 2", "token": button_token("tok")}}
    )
    kind = {"content-type": "application/json"}
    plugin.verify(incoming(press, kind, 0, secret="tok"))
    with pytest.raises(NotAuthentic):
        plugin.verify(incoming(press, kind, 0, secret="tik"))


def test_it_verifies_teams_as_its_documentation_says() -> None:
    plugin, key = registry()["teams"](), base64.b64encode(b"sixteen byte key").decode()
    body, header = teams_request("checkout 5xx", "2026-11-25T12:00:00.000Z")
    at = datetime(2026, 11, 25, 12, 1, tzinfo=UTC).timestamp()
    plugin.verify(incoming(body, {"authorization": header}, at, secret=key))
    assert plugin.parse(incoming(body, {}, at, secret=key)).text == "checkout 5xx"
    for changed, head, late in (
        (body.replace("5xx", "4xx"), header, 0),
        (body, header[:-4] + "AAA=", 0),
        (body, "", 0),
        (body, header, 3600),
    ):
        with pytest.raises(NotAuthentic):
            plugin.verify(incoming(changed, {"authorization": head}, at + late, secret=key))


def test_it_verifies_discord_by_the_key_of_the_application() -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    body = json.dumps({"type": 1})
    headers = {
        "x-signature-timestamp": "1700000000",
        "x-signature-ed25519": key.sign(b"1700000000" + body.encode()).hex(),
    }
    plugin = registry()["discord"]()
    plugin.verify(incoming(body, headers, 1700000001, secret=public))
    for at, raw in ((1700000600, body), (1700000001, body + " ")):
        with pytest.raises(NotAuthentic):
            plugin.verify(incoming(raw, headers, at, secret=public))
    with pytest.raises(NotAuthentic):
        plugin.verify(incoming(body, {}, 1700000001, secret=public))


def test_only_a_direct_channel_counts_as_one() -> None:
    plugin = registry()["mattermost"]()
    form = {"content-type": "application/x-www-form-urlencoded"}
    for name, alone in (("team__room", False), ("a" * 26 + "__" + "b" * 26, True)):
        body = urlencode({"user_id": "u", "channel_name": name, "text": "x"})
        assert plugin.parse(incoming(body, form, 0)).private is alone


LONG = ChatAnswer(
    "x" * 9000,
    [
        AnswerItem(f"<b>|{'y' * 900}", f"/INC-{n}/", ["@here [z](http://e) " * 900] * 3,
             [AnswerButton("This is it " * 20, f"it {n} 2"), AnswerButton("Not it", f"not {n} 2")])
        for n in range(40)
    ],
    footer="f" * 9000,
)  # fmt: skip


@pytest.mark.parametrize("kind", registry())
def test_every_platform_renders_any_answer_within_its_limits(kind: str) -> None:
    plugin, event = (
        registry()[kind](),
        ChatEvent("command", channel="C", extra={"address": "https://h/"}),
    )
    rendered = plugin.render(LONG, event, "https://kb.example.com")
    words = json.dumps(rendered)
    assert "https://kb.example.com/INC-0/" in words
    # Where a title could end a link or open a tag, it does not.
    if kind in ("slack", "telegram", "googlechat"):
        assert "<b>|" not in words
    limits = {"slack": 16_000, "telegram": 12_000, "discord": 60_000}
    assert len(words) < limits.get(kind, 600_000) or kind == "webhook"
    if kind == "slack":
        assert slack_problem(rendered) == ""
        texts = [b["text"]["text"] for b in rendered["blocks"] if b["type"] == "section"]
        assert max(map(len, texts)) <= 3000
    if kind == "telegram":
        assert len(rendered["text"]) <= 4096
    if kind == "discord":
        assert len(rendered["data"]["content"]) <= 2000
        assert len(rendered["data"]["components"]) <= 5
        assert rendered["data"]["allowed_mentions"] == {"parse": []}
    assert isinstance(plugin.acknowledge(event), dict)


@pytest.mark.parametrize("kind", registry())
@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "null", '{"type": 7}', "\xff", '{"event": [1]}', '{"message": "x"}']
)
def test_every_platform_parses_odd_bodies_without_a_server_error(kind: str, body: str) -> None:
    plugin = registry()[kind]()
    for content in ("application/json", "application/x-www-form-urlencoded"):
        request = ChatRequest(
            {"content-type": content}, body.encode("latin-1"), timezone.now(), {}, {}
        )
        try:
            event = plugin.parse(request)
        except (BadPayload, UnicodeDecodeError):
            continue
        assert isinstance(event, ChatEvent)
