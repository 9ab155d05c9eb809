"""Any message is within the limits of its product, and its mark-up is escaped."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from incidents.models import Incident
from kb.chat import registry
from kb.chat.base import (
    AnswerButton,
    AnswerItem,
    ChatAnswer,
    Destination,
)
from kb.models import (
    NotificationRule,
)
from tests.sizes import examples
from tests.vendor_server import slack_problem

Connect = Callable[..., NotificationRule]
File = Callable[..., Incident]


# Limits


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]) | st.sampled_from("&<>|*_`[]()@~\\\n"),
    max_size=40,
).flatmap(lambda text: st.sampled_from([1, 3, 400]).map(lambda times: text * times))
BUTTONS = st.lists(st.builds(AnswerButton, TEXTS, TEXTS), max_size=4)
ITEMS = st.builds(
    AnswerItem, TEXTS, st.sampled_from(["", "/INC-42/"]), st.lists(TEXTS, max_size=6), BUTTONS,
    st.sampled_from(["", "/INC-42/#suggestions"]),
)  # fmt: skip
ANSWERS_OF_ANY_SIZE = st.builds(
    ChatAnswer, TEXTS.map(lambda text: text or "x"), st.lists(ITEMS, max_size=40),
    st.just(False), TEXTS, TEXTS,
)  # fmt: skip


@given(answer=ANSWERS_OF_ANY_SIZE)
@hypothesis_settings(max_examples=examples(60))
def test_any_message_is_within_the_limits_and_escaped(answer: ChatAnswer) -> None:
    secrets = {"secret": "s", "bot_token": "t", "flow": "https://flow.example/x", "api_key": "k"}
    to = Destination(
        "C1", secrets, {"server": "https://mm.example", "sender": "a@example.com"},
        "https://kb.example.com", address="https://kb.example.com/chat/x/",
    )  # fmt: skip
    plugins = registry()
    slack = plugins["slack"]().post_message(answer, to).body  # type: ignore[union-attr]
    assert slack_problem(slack) == ""
    for text in (slack["text"], *(b["text"]["text"] for b in slack["blocks"] if "text" in b)):
        rest = text.replace("<https://kb.example.com/INC-42/|", "").replace(">*", "*", 1)
        assert "<" not in rest
        assert all(part.startswith(("amp;", "lt;", "gt;")) for part in text.split("&")[1:])
    mattermost = plugins["mattermost"]().post_message(answer, to).body  # type: ignore[union-attr]
    shown = mattermost["props"]["attachments"]
    assert len(mattermost["message"]) + sum(len(a.get("text", "")) for a in shown) <= 16_383
    assert "@all" not in mattermost["message"]
    teams = plugins["teams"]().post_message(answer, to).body  # type: ignore[union-attr]
    assert len(json.dumps(teams)) <= 28 * 1024
    for kind in ("pagerduty", "opsgenie"):
        body = plugins[kind]().post_message(answer, to).body  # type: ignore[union-attr]
        assert len(json.dumps(body, ensure_ascii=False)) <= 50_000
        assert (
            len(body.get("note", {}) if kind == "opsgenie" else body["note"]["content"]) <= 25_000
        )
