"""What the tools of assistants answer: small rows, with a mark around what people wrote."""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Any

from causebook_cli.client import Client, Config, Failed
from mcp.server.mcpserver import Context

SHORT, LONG = 300, 1200
MOST = 10
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,99}")
"""Names without spaces, which say nothing."""


class Mark:
    """Marks the texts of one answer with a word that their authors could not know."""

    def __init__(self) -> None:
        self.word = secrets.token_hex(8)

    def text(self, text: str, most: int = SHORT) -> str:
        """A text from an incident, cut to `most` characters."""
        # Characters that show nothing may hide words that only a program reads.
        words = "".join(each for each in text if each in "\n\t" or not _is_hidden(each)).strip()
        if not words:
            return ""
        cut = words if len(words) <= most else words[: most - 1] + "…"
        return f"<data {self.word}>{cut}</data {self.word}>"

    def name(self, text: Any) -> Any:
        """A name that further calls may use; marked where it could say something."""
        if not isinstance(text, str) or not text or _NAME.fullmatch(text):
            return text
        return self.text(text, 100)

    def answer(self, **rows: Any) -> dict[str, Any]:
        return {"mark": self.word, **rows}


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn", "Cs")


def client_of(context: Context) -> Client:
    """The client that acts for the caller: over HTTP with the token of the request."""
    headers = context.headers
    if headers is None:
        return Client()
    scheme, _, token = (headers.get("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Failed("Send your Causebook token as Authorization: Bearer cb_…")
    return Client(Config(Config.address(), token.strip()))


def incident_row(row: dict[str, Any], base: str, mark: Mark) -> dict[str, Any]:
    reference = row.get("reference") or f"INC-{row['id']}"
    return {
        "reference": reference,
        "url": f"{base}/{reference}/",
        "title": mark.text(row["title"]),
        "began": row["impact_started_at"],
        **{key: row[key] for key in ("severity", "status") if key in row},
        **({"services": list(map(mark.name, row["services"]))} if "services" in row else {}),
        **({"resolution": mark.text(row["resolution"])} if row.get("resolution") else {}),
        **({"fields": _fields(row["custom_fields"], mark)} if row.get("custom_fields") else {}),
        **({"needed_to_resolve": row["unset_fields"]} if row.get("unset_fields") else {}),
    }


def _fields(values: dict[str, Any], mark: Mark) -> dict[str, Any]:
    """Custom fields by name; what somebody typed is marked."""
    return {
        name: mark.text(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
