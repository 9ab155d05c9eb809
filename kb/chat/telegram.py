"""Telegram: a bot's webhook, proved by the secret that was set together with it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from html import escape
from typing import Any

from django import forms

from common.payloads import dig, text
from kb.chat.base import (
    Answer,
    Call,
    Incoming,
    Platform,
    Refused,
    Said,
    SecretForm,
    clip,
)

API = "https://api.telegram.org/bot"
MOST, MOST_BUTTON = 4096, 64


class TelegramForm(SecretForm):
    secret_fields = ("secret", "bot_token")
    secret = forms.CharField(
        label="Secret token", max_length=256, widget=forms.PasswordInput,
        help_text="What you gave to setWebhook as secret_token.",
    )  # fmt: skip
    bot_token = forms.CharField(
        label="Bot token", required=False, max_length=200, widget=forms.PasswordInput,
        help_text="For later answers and notifications.",
    )  # fmt: skip


class Telegram(Platform):
    kind = "telegram"
    title = "Telegram"
    hosts = ("api.telegram.org",)
    deadline = 5.0
    SettingsForm = TelegramForm

    def prove(self, incoming: Incoming) -> None:
        given = incoming.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode(), incoming.secrets["secret"].encode()):
            raise Refused("The header X-Telegram-Bot-Api-Secret-Token does not fit.")

    def read(self, incoming: Incoming) -> Said:
        data = incoming.json()
        once = text(data, "update_id", 40)
        pressed = dig(data, "callback_query")
        message = dig(data, "callback_query.message" if pressed else "message", {})
        same: dict[str, Any] = {
            "person": text(data, "callback_query.from.id" if pressed else "message.from.id", 40),
            "channel": text(message, "chat.id", 40),
            "private": text(message, "chat.type") == "private",
            "once": once,
        }
        if pressed:
            return Said("press", text(pressed, "data", MOST_BUTTON), **same)
        words = text(message, "text", 3000)
        name, _, rest = words.partition(" ")
        # “/kb@OurBot checkout 5xx” in groups, “/kb checkout 5xx” alone; other bots' are not ours.
        if name.partition("@")[0] in ("/kb", "/start"):
            return Said("command", rest.strip(), **same)
        return Said("command", words, **same) if same["private"] and words else Said("nothing")

    def show(self, answer: Answer, said: Said, base: str) -> dict[str, Any]:
        return {"method": "sendMessage", "chat_id": said.channel, **_message(answer, base)}

    def later(self, answer: Answer, said: Said, incoming: Incoming, base: str) -> Call | None:
        return self.post(answer, said.channel, incoming.secrets, incoming.settings, base)

    def post(
        self, answer: Answer, channel: str, secrets: Mapping[str, str],
        settings: Mapping[str, Any], base: str,
    ) -> Call | None:  # fmt: skip
        token = secrets.get("bot_token")
        if not token:
            return None
        return Call(f"{API}{token}/sendMessage", {"chat_id": channel, **_message(answer, base)})


def _message(answer: Answer, base: str) -> dict[str, Any]:
    lines, keyboard = [escape(clip(answer.text, 800))], []
    for item in answer.items:
        title = escape(clip(item.title, 300))
        shown = f'<a href="{escape(base + item.path)}">{title}</a>' if item.path else title
        lines.append(
            "\n".join(["", f"<b>{shown}</b>", *(escape(clip(line, 300)) for line in item.lines)])
        )
        row = [
            {"text": clip(b.label, 40), "callback_data": b.value[:MOST_BUTTON]}
            for b in item.buttons
        ]
        keyboard += [row] if row else []
    told: list[str] = []
    # Whole lines only: a cut inside a tag would have the whole message refused.
    for line in lines:
        if sum(len(each) + 1 for each in told) + len(line) <= MOST:
            told.append(line)
    message: dict[str, Any] = {
        "text": "\n".join(told) or "–",
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return {**message, "reply_markup": {"inline_keyboard": keyboard}} if keyboard else message
