"""Confluence Cloud, and Confluence Data Center: a page of a space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text
from kb.atlassian_api import ConfluenceFields, atlassian_api, is_cloud, read_space
from kb.publishers.base import NOUN, RIGHTS, Copy, Document, Publisher, PublisherForm
from kb.remote_api import IDENTIFIER, NotFound, RemoteError, required


class ConfluenceForm(ConfluenceFields, PublisherForm):
    parent = forms.RegexField(
        r"^[0-9]{1,19}$", label=_("Id of the parent page"), required=False,
        help_text=_("New pages go below it. Empty for the top of the space."),
    )  # fmt: skip
    field_order = ("url", "space", "parent", "email")


class Confluence(Publisher):
    """Pages of REST API v2 on Cloud and content of v1 on Data Center,
    https://developer.atlassian.com/cloud/confluence/rest/v2, read on 2026-11-27. Of all pages of a
    space each has another title; one of ours has the address of the postmortem in its text.
    """

    kind = "confluence"
    title = "Confluence page"
    SettingsForm = ConfluenceForm

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.api = atlassian_api(settings, noun=NOUN, rights=RIGHTS)
        self.is_cloud = is_cloud(settings)
        self.pages = "/api/v2/pages" if self.is_cloud else "/rest/api/content"

    def probe(self) -> str:
        found = read_space(self.api, self.settings)
        return gettext("The space “%(name)s” can be read.") % {
            "name": text(found, "name") or self.settings["space"]
        }

    def publish(self, document: Document, known: str) -> Copy:
        page = self._page(known) if IDENTIFIER.match(known) else None
        page = page or self._find(document)
        if page is None:
            sent = self._sent(document)
            return self._copy(self.api.send("POST", self.pages, body=sent).data)
        key = required(page, "id", self.api, 40)
        number = dig(page, "version.number")
        if not isinstance(number, int):
            raise self.api.odd()
        sent = {**self._sent(document, new=False), "id": key, "version": {"number": number + 1}}
        # 409 where somebody saved in between: the next try reads the page again.
        made = self.api.send("PUT", f"{self.pages}/{quote(key)}", body=sent, also=(409,))
        if made.status == 409:
            raise RemoteError("The page was just edited there.", passing=True)
        return self._copy(made.data)

    def _page(self, key: str) -> Any:
        """A page as it is; None if it was deleted."""
        try:
            return self.api.get(f"{self.pages}/{quote(key)}", self._expanded())
        except NotFound:
            return None

    def _expanded(self) -> dict[str, str]:
        return {"body-format": "storage"} if self.is_cloud else {"expand": "version,body.storage"}

    def _find(self, document: Document) -> Any:
        """The page that a former try made; None if there is none."""
        place = {"spaceKey": self.settings["space"]}
        if self.is_cloud:
            space = read_space(self.api, self.settings)
            place = {"space-id": required(space, "id", self.api, 40)}
        params = {**place, **self._expanded(), "title": document.heading}
        found = dig(self.api.get(self.pages, params), "results")
        if not isinstance(found, list):
            raise self.api.odd()
        page = next((each for each in found if text(each, "title") == document.heading), None)
        if page is not None and document.url not in str(dig(page, "body.storage.value")):
            raise RemoteError(
                f"The space has a page “{document.heading}” that is no copy: give it another title."
            )
        return page

    def _sent(self, document: Document, *, new: bool = True) -> dict[str, Any]:
        storage = {"value": document.html, "representation": "storage"}
        sent: dict[str, Any] = {"title": document.heading}
        if not self.is_cloud:
            sent |= {"type": "page", "body": {"storage": storage}}
            place: dict[str, Any] = {"space": {"key": self.settings["space"]}}
            if parent := self.settings.get("parent"):
                place["ancestors"] = [{"id": parent}]
        else:
            sent |= {"status": "current", "body": storage}
            place = {}
            if new:
                space = read_space(self.api, self.settings)
                place["spaceId"] = required(space, "id", self.api, 40)
            if parent := self.settings.get("parent"):
                place["parentId"] = parent
        return {**sent, **place} if new else sent

    def _copy(self, data: Any) -> Copy:
        key = required(data, "id", self.api, 40)
        return Copy(key, f"{self.api.base}/pages/viewpage.action?pageId={quote(key)}")
