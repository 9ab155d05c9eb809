"""What looks like a secret is taken out of chat answers."""

from __future__ import annotations

from dataclasses import replace

from common.redaction import redacted
from kb.chat.base import Answer


def redacted_answer(answer: Answer) -> Answer:
    items = [
        replace(
            item,
            title=redacted(item.title),
            lines=[redacted(line) for line in item.lines],
        )
        for item in answer.items
    ]
    return replace(answer, text=redacted(answer.text), items=items, footer=redacted(answer.footer))
