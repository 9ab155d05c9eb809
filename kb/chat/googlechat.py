"""Google Chat: an HTTP app, whose requests bring a token that Google signed for our project."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from django import forms

from common.payloads import text
from kb.chat.base import (
    Answer,
    Call,
    Incoming,
    Item,
    Platform,
    Refused,
    Said,
    SecretForm,
    clip,
)

ISSUER = "chat@system.gserviceaccount.com"
KEYS = f"https://www.googleapis.com/service_accounts/v1/jwk/{ISSUER}"


class GoogleChatForm(SecretForm):
    secret_fields = ("secret",)
    secret = forms.URLField(
        label="Webhook of the space", required=False, max_length=1000, assume_scheme="https",
        help_text="To post notifications: Apps & integrations → Webhooks.",
    )  # fmt: skip
    project = forms.CharField(
        label="Project number", max_length=50,
        help_text="Configuration → Authentication audience → Project number.",
    )  # fmt: skip


@cache
def keys() -> jwt.PyJWKClient:
    """Google's keys, from an address that no payload can change; kept for an hour."""
    return jwt.PyJWKClient(KEYS, cache_keys=True, lifespan=3600, timeout=2)


class GoogleChat(Platform):
    kind = "googlechat"
    title = "Google Chat"
    hosts = ("chat.googleapis.com",)
    deadline = 5.0
    SettingsForm = GoogleChatForm

    def prove(self, incoming: Incoming) -> None:
        how, _, given = incoming.headers.get("authorization", "").partition(" ")
        if how.lower() != "bearer" or not given:
            raise Refused("The header Authorization holds no bearer token.")
        try:
            key = keys().get_signing_key_from_jwt(given)
            jwt.decode(
                given, key, ["RS256"], audience=str(incoming.settings["project"]), issuer=ISSUER,
                options={"require": ["exp", "aud", "iss"]},
            )  # fmt: skip
        except jwt.PyJWTError as error:
            raise Refused(f"The token is not Google's for this project: {error}") from error

    def read(self, incoming: Incoming) -> Said:
        data = incoming.json()
        same: dict[str, Any] = {
            "person": text(data, "user.name", 100),
            "person_name": text(data, "user.displayName", 100),
            "channel": text(data, "space.name", 100),
            "private": text(data, "space.type") == "DM",
        }
        kind = text(data, "type")
        if kind == "MESSAGE":
            words = text(data, "message.argumentText", 3000) or text(data, "message.text", 3000)
            return Said("command", words.strip(), once=text(data, "message.name", 200), **same)
        if kind == "CARD_CLICKED":
            value = text(data, "common.parameters.value", 500)
            return Said("press", value, once=text(data, "eventTime", 60), **same)
        if kind == "ADDED_TO_SPACE":
            return Said("command", "help", **same)
        return Said("nothing", **same)

    def show(self, answer: Answer, said: Said, base: str) -> dict[str, Any]:
        shown = _message(answer, base)
        if answer.whisper and said.person and not said.private:
            shown["privateMessageViewer"] = {"name": said.person}
        return shown

    whispers = True

    def acknowledge(self, said: Said) -> dict[str, Any]:
        return {"text": "This takes longer than Google Chat waits: ask again soon."}

    def post(
        self, answer: Answer, channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        return Call(secrets["secret"], _message(answer, base)) if secrets.get("secret") else None


def _message(answer: Answer, base: str) -> dict[str, Any]:
    sections = [{"widgets": _widgets(item, base)} for item in answer.items[:20]]
    shown: dict[str, Any] = {"text": clip(answer.text.replace("<", "‹"), 4000)}
    if sections:
        shown["cardsV2"] = [{"cardId": "causebook", "card": {"sections": sections}}]
    return shown


def _widgets(item: Item, base: str) -> list[dict[str, Any]]:
    lines = [f"<b>{_escape(clip(item.title, 300))}</b>", *(_escape(line) for line in item.lines)]
    widgets: list[dict[str, Any]] = [{"textParagraph": {"text": clip("<br>".join(lines), 4000)}}]
    buttons: list[dict[str, Any]] = []
    if item.path:
        buttons.append({"text": "Open", "onClick": {"openLink": {"url": f"{base}{item.path}"}}})
    for button in item.buttons:
        value = [{"key": "value", "value": button.value}]
        press = {"action": {"function": "press", "parameters": value}}
        buttons.append({"text": clip(button.label, 60), "onClick": press})
    return [*widgets, {"buttonList": {"buttons": buttons}}] if buttons else widgets


def _escape(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
