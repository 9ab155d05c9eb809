"""Google Chat: an HTTP app; Google signs a token for our project with each request."""

from __future__ import annotations

from functools import cache
from typing import Any

import jwt
from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import text
from kb.chat.base import (
    AnswerItem,
    ChatAnswer,
    ChatEvent,
    ChatRequest,
    Destination,
    NotAuthentic,
    Outbound,
    OutboundRequest,
    Platform,
    SecretForm,
    clip,
    id_in,
)

ISSUER = "chat@system.gserviceaccount.com"
KEYS = f"https://www.googleapis.com/service_accounts/v1/jwk/{ISSUER}"


class GoogleChatForm(SecretForm):
    secret_fields = ("secret",)
    secret = forms.URLField(
        label=_("Webhook of the space"),
        required=False,
        max_length=1000,
        assume_scheme="https",
        help_text=_("To post notifications: Apps & integrations → Webhooks."),
    )
    project = forms.CharField(
        label=_("Project number"),
        max_length=50,
        help_text=_("Configuration → Authentication audience → Project number."),
    )


@cache
def keys() -> jwt.PyJWKClient:
    """Google's keys, from an address that no payload can change; cached for an hour."""
    return jwt.PyJWKClient(KEYS, cache_keys=True, lifespan=3600, timeout=2)


class GoogleChat(Platform):
    kind = "googlechat"
    title = "Google Chat"
    hosts = ("chat.googleapis.com",)
    deadline = 5.0
    SettingsForm = GoogleChatForm

    def verify(self, request: ChatRequest) -> None:
        how, _, given = request.headers.get("authorization", "").partition(" ")
        if how.lower() != "bearer" or not given:
            raise NotAuthentic("The header Authorization holds no bearer token.")
        try:
            key = keys().get_signing_key_from_jwt(given)
            jwt.decode(
                given,
                key,
                ["RS256"],
                audience=str(request.settings["project"]),
                issuer=ISSUER,
                options={"require": ["exp", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise NotAuthentic(f"The token is not Google's for this project: {error}") from error

    def parse(self, request: ChatRequest) -> ChatEvent:
        data = request.json()
        common: dict[str, Any] = {
            "person": text(data, "user.name", 100),
            "person_name": text(data, "user.displayName", 100),
            "channel": text(data, "space.name", 100),
            "private": text(data, "space.type") == "DM",
        }
        kind = text(data, "type")
        if kind == "MESSAGE":
            words = text(data, "message.argumentText", 3000) or text(data, "message.text", 3000)
            return ChatEvent(
                "command", words.strip(), event_id=text(data, "message.name", 200), **common
            )
        if kind == "CARD_CLICKED":
            value = text(data, "common.parameters.value", 500)
            return ChatEvent("button", value, event_id=text(data, "eventTime", 60), **common)
        if kind == "ADDED_TO_SPACE":
            return ChatEvent("command", "help", **common)
        return ChatEvent("ignore", **common)

    def render(self, answer: ChatAnswer, event: ChatEvent, base: str) -> dict[str, Any]:
        shown = _message(answer, base)
        if answer.private and event.person and not event.private:
            shown["privateMessageViewer"] = {"name": event.person}
        return shown

    can_answer_privately = True

    def acknowledge(self, event: ChatEvent) -> dict[str, Any]:
        return {"text": "This takes longer than Google Chat waits: repeat it in a moment."}

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundRequest | None:
        url, body = to.secrets.get("secret"), _message(answer, to.base)
        if not url:
            return None
        if to.topic:
            body["thread"] = {"threadKey": to.topic}
            url += "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
        return OutboundRequest(url, body)

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return id_in(response, "thread.name")


def _message(answer: ChatAnswer, base: str) -> dict[str, Any]:
    sections = [{"widgets": _widgets(item, base)} for item in answer.items[:20]]
    shown: dict[str, Any] = {"text": clip(answer.text.replace("<", "‹"), 4000)}
    if sections:
        shown["cardsV2"] = [{"cardId": "causebook", "card": {"sections": sections}}]
    return shown


def _widgets(item: AnswerItem, base: str) -> list[dict[str, Any]]:
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
