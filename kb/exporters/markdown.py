from __future__ import annotations

from collections.abc import Iterable

from common.markdown import escape_markdown
from common.viewer import Viewer
from kb.exporters.base import ACTION_HEAD, Exporter, action_rows, postmortem_facts
from kb.models import Postmortem


def _plain(text: str) -> str:
    return escape_markdown(" ".join(text.split()))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


class MarkdownExporter(Exporter):
    kind = "markdown"
    title = "Markdown"
    extension = "md"
    content_type = "text/markdown; charset=utf-8"

    def export(self, postmortem: Postmortem, user: Viewer) -> bytes:
        lines = [f"# {_plain(postmortem.title)}", ""]
        lines += [f"- {label}: {_plain(words)}" for label, words in postmortem_facts(postmortem)]
        lines += ["", postmortem.body.rstrip(), ""]
        actions = action_rows(postmortem)
        if actions:
            lines += ["## Action items", "", _row(ACTION_HEAD), _row("---" for _ in ACTION_HEAD)]
            lines += [_row(map(_plain, row)) for row in actions]
        return ("\n".join(lines).rstrip() + "\n").encode()
