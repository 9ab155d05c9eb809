from __future__ import annotations

from typing import Any

from kb.exporters.base import ACTION_HEAD, Exporter, actions_of, facts_of
from kb.models import Postmortem


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


class MarkdownExporter(Exporter):
    kind = "markdown"
    title = "Markdown"
    extension = "md"
    content_type = "text/markdown; charset=utf-8"

    def export(self, postmortem: Postmortem, user: Any) -> bytes:
        lines = [f"# {postmortem.title}", ""]
        lines += [f"- {label}: {words}" for label, words in facts_of(postmortem)]
        lines += ["", postmortem.body.rstrip(), ""]
        actions = actions_of(postmortem)
        if actions:
            rows = [ACTION_HEAD, tuple("---" for _ in ACTION_HEAD), *actions]
            lines += ["## Action items", ""]
            lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
        return ("\n".join(lines).rstrip() + "\n").encode()
