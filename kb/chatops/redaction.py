"""What looks like a secret is taken out of chat answers."""

from __future__ import annotations

from dataclasses import replace

from common.redaction import redact
from kb.chat.base import Answer


def redacted_answer(answer: Answer) -> Answer:
    items = [
        replace(
            item,
            title=redact(item.title),
            lines=[redact(line) for line in item.lines],
        )
        for item in answer.items
    ]
    return replace(answer, text=redact(answer.text), items=items, footer=redact(answer.footer))
