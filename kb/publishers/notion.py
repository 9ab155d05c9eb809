"""Notion: a page below another page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from markdown_it.token import Token

from common.markdown import make_parser
from common.payloads import dig, text
from kb.publishers.base import NOUN, RIGHTS, Copy, Document, Publisher, PublisherForm
from kb.remote_api import IDENTIFIER, WRITTEN_HERE, JsonApi, NotFound, RemoteError, required

MOST_BLOCKS, MOST_CHARACTERS, MOST_PARTS = 100, 2000, 100
"""Of one request, of one piece of text, and pieces of one block."""
MOST_PAGES_SEARCHED = 20
_PARSER = make_parser()


class NotionForm(PublisherForm):
    url = forms.URLField(
        label=_("Address of the API"),
        initial="https://api.notion.com",
        max_length=300,
        assume_scheme="https",
    )
    page = forms.RegexField(
        r"^[0-9a-fA-F-]{32,36}$", label=_("Id of the parent page"),
        help_text=_(
            "The 32 digits at the end of its address. Share the page with the integration."
        ),
    )  # fmt: skip


class Notion(Publisher):
    """API version 2025-09-03, https://developers.notion.com/reference, read on 2026-11-27.

    A request takes up to 100 blocks, a piece of text up to 2,000 characters. `erase_content`
    empties a page before it is written again.
    """

    kind = "notion"
    title = "Notion page"
    SettingsForm = NotionForm

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        headers = {"Authorization": f"Bearer {settings['token']}", "Notion-Version": "2025-09-03"}
        self.api = JsonApi(settings["url"], headers, noun=NOUN, rights=RIGHTS)

    def probe(self) -> str:
        self.api.get_existing(
            f"/v1/pages/{self.settings['page']}",
            "page with this id, or it is not shared with the integration. Check the id in the "
            "target's settings, and share the page with the integration.",
        )
        return gettext("The parent page can be read.")

    def publish(self, document: Document, known: str) -> Copy:
        blocks = list(blocks_of(document))
        first, rest = blocks[:MOST_BLOCKS], blocks[MOST_BLOCKS:]
        properties = {"title": {"title": _pieces([(document.heading, "")])}}
        key = self._existing(known) or self._find(document)
        if key:
            change = {"properties": properties, "erase_content": True}
            self.api.send("PATCH", f"/v1/pages/{key}", body=change)
            rest = blocks
        else:
            parent = {"type": "page_id", "page_id": self.settings["page"]}
            sent = {"parent": parent, "properties": properties, "children": first}
            key = required(self.api.send("POST", "/v1/pages", body=sent).data, "id", self.api, 40)
        for start in range(0, len(rest), MOST_BLOCKS):
            part = {"children": rest[start : start + MOST_BLOCKS]}
            self.api.send("PATCH", f"/v1/blocks/{key}/children", body=part)
        return Copy(key, f"https://www.notion.so/{key.replace('-', '')}")

    def _existing(self, known: str) -> str:
        if not IDENTIFIER.match(known):
            return ""
        try:
            page = self.api.get(f"/v1/pages/{known}")
        except NotFound:
            return ""
        return "" if dig(page, "in_trash") or dig(page, "archived") else known

    def _find(self, document: Document) -> str:
        """The id of the page that a former try made: of our title, and with our address first."""
        parent = self.settings["page"]
        for row in self._children(parent):
            key = text(row, "id", 40)
            if text(row, "child_page.title") != document.heading or not IDENTIFIER.match(key):
                continue
            begin = self.api.get(f"/v1/blocks/{key}/children", {"page_size": 1})
            if document.url in str(dig(begin, "results")):
                return key
        return ""

    def _children(self, key: str) -> Iterator[Any]:
        params: dict[str, Any] = {"page_size": MOST_BLOCKS}
        for _page in range(MOST_PAGES_SEARCHED):
            data = self.api.get(f"/v1/blocks/{key}/children", params)
            found = dig(data, "results")
            if not isinstance(found, list):
                raise self.api.odd()
            yield from found
            cursor = text(data, "next_cursor", 100)
            if not dig(data, "has_more") or not cursor:
                return
            params["start_cursor"] = cursor
        raise RemoteError("The parent page has too many blocks: choose another one.")


def blocks_of(document: Document) -> Iterator[dict[str, Any]]:
    """The document as Notion's blocks, one below the other; its address is in the first one."""
    yield _block("paragraph", _pieces([(WRITTEN_HERE, document.url)]))
    kind, item, quoted = "paragraph", "", False
    lists: list[str] = []
    cells: list[list[tuple[str, str]]] = []
    for token in _PARSER.parse(document.markdown):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(token.type.partition("_")[0])
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            item = "numbered_list_item" if lists[-1] == "ordered" else "bulleted_list_item"
        elif token.type in ("blockquote_open", "blockquote_close"):
            quoted = token.type == "blockquote_open"
        elif token.type == "heading_open":
            kind = f"heading_{min(int(token.tag[1:]), 3)}"
        elif token.type == "paragraph_open":
            # Further paragraphs of an item come below it.
            kind, item = item or ("quote" if quoted else "paragraph"), ""
        elif token.type == "tr_open":
            cells = []
        elif token.type in ("td_open", "th_open"):
            kind = "cell"
        elif token.type == "tr_close":
            yield _block("paragraph", _pieces(_joined(cells)))
        elif token.type == "inline" and kind == "cell":
            cells.append(list(_runs(token)))
        elif token.type == "inline":
            yield _block(kind, _pieces(_runs(token)))
        elif token.type in ("fence", "code_block"):
            block = _block("code", _pieces([(token.content.rstrip("\n"), "")]))
            block["code"]["language"] = "plain text"
            yield block
        elif token.type == "hr":
            yield {"object": "block", "type": "divider", "divider": {}}


def _block(kind: str, pieces: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "block", "type": kind, kind: {"rich_text": pieces}}


def _joined(cells: list[list[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    """A row of a table as a line."""
    for number, cell in enumerate(cells):
        yield from ([(" | ", "")] if number else [])
        yield from cell


def _runs(token: Token) -> Iterator[tuple[str, str]]:
    """Words and the address that they link to, if any."""
    link = ""
    for child in token.children or []:
        if child.type == "link_open":
            link = str(child.attrs.get("href", ""))
        elif child.type == "link_close":
            link = ""
        elif child.type in ("softbreak", "hardbreak"):
            yield "\n", link
        elif child.content:
            yield child.content, link


def _pieces(runs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    found = []
    for words, link in runs:
        target = {"url": link} if link.startswith(("http://", "https://")) else None
        for start in range(0, len(words), MOST_CHARACTERS):
            part = words[start : start + MOST_CHARACTERS]
            found.append({"type": "text", "text": {"content": part, "link": target}})
    return found[:MOST_PARTS]
