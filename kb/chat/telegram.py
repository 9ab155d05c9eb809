"""Telegram: a bot's webhook, authenticated by the secret that was set with it."""

from __future__ import annotations

import hmac
from html import escape
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text
from kb.chat.base import (
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

API = "https://api.telegram.org/bot"
MAX_CHARACTERS, MAX_BUTTON = 4096, 64


class TelegramForm(SecretForm):
    secret_fields = ("secret", "bot_token")
    secret = forms.CharField(
        label=_("Secret token"),
        max_length=256,
        widget=forms.PasswordInput,
        help_text=_("What you gave to setWebhook as secret_token."),
    )
    bot_token = forms.CharField(
        label=_("Bot token"),
        required=False,
        max_length=200,
        widget=forms.PasswordInput,
        help_text=_("For delayed answers and notifications."),
    )


class Telegram(Platform):
    kind = "telegram"
    title = "Telegram"
    hosts = ("api.telegram.org",)
    deadline = 5.0
    SettingsForm = TelegramForm

    def verify(self, request: ChatRequest) -> None:
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode(), request.secrets["secret"].encode()):
            raise NotAuthentic("The header X-Telegram-Bot-Api-Secret-Token does not match.")

    def parse(self, request: ChatRequest) -> ChatEvent:
        data = request.json()
        once = text(data, "update_id", 40)
        pressed = dig(data, "callback_query")
        message = dig(data, "callback_query.message" if pressed else "message", {})
        common: dict[str, Any] = {
            "person": text(data, "callback_query.from.id" if pressed else "message.from.id", 40),
            "channel": text(message, "chat.id", 40),
            "private": text(message, "chat.type") == "private",
            "event_id": once,
        }
        if pressed:
            return ChatEvent("button", text(pressed, "data", MAX_BUTTON), **common)
        words = text(message, "text", 3000)
        name, _, rest = words.partition(" ")
        # “/kb@OurBot checkout 5xx” in groups, “/kb checkout 5xx” alone; other bots' are not ours.
        if name.partition("@")[0] in ("/kb", "/start"):
            return ChatEvent("command", rest.strip(), **common)
        return (
            ChatEvent("command", words, **common)
            if common["private"] and words
            else ChatEvent("ignore")
        )

    def render(self, answer: ChatAnswer, event: ChatEvent, base: str) -> dict[str, Any]:
        return {"method": "sendMessage", "chat_id": event.channel, **_message(answer, base)}

    def delayed_answer(
        self, answer: ChatAnswer, event: ChatEvent, request: ChatRequest, base: str
    ) -> OutboundRequest | None:
        to = Destination(event.channel, request.secrets, request.settings, base)
        return self.post_message(answer, to)

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundRequest | None:
        token = to.secrets.get("bot_token")
        if not token:
            return None
        channel, _, message = (to.thread or to.channel).partition("/")
        body = {"chat_id": channel, **_message(answer, to.base)}
        if message:
            body["reply_parameters"] = {
                "message_id": int(message), "allow_sending_without_reply": True
            }  # fmt: skip
        return OutboundRequest(f"{API}{token}/sendMessage", body)

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return id_in(response, "result.chat.id", "result.message_id")


def _message(answer: ChatAnswer, base: str) -> dict[str, Any]:
    lines, keyboard = [escape(clip(answer.text, 800))], []
    for item in answer.items:
        title = escape(clip(item.title, 300))
        linked = f'<a href="{escape(base + item.path)}">{title}</a>' if item.path else title
        lines.append(
            "\n".join(["", f"<b>{linked}</b>", *(escape(clip(line, 300)) for line in item.lines)])
        )
        row = [
            {"text": clip(b.label, 40), "callback_data": b.value[:MAX_BUTTON]} for b in item.buttons
        ]
        keyboard += [row] if row else []
    shown: list[str] = []
    # Whole lines only: Telegram refuses a message that is cut inside a tag.
    for line in lines:
        if sum(len(each) + 1 for each in shown) + len(line) <= MAX_CHARACTERS:
            shown.append(line)
    message: dict[str, Any] = {
        "text": "\n".join(shown) or "–",
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return {**message, "reply_markup": {"inline_keyboard": keyboard}} if keyboard else message
