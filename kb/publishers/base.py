"""The contract of publishers: a postmortem becomes a page or a file elsewhere, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from kb.remote_api import RemoteForm

NOUN = "target"
"""What has the settings, in messages."""
RIGHTS = "to read, create and edit pages or files there"


@dataclass(frozen=True)
class Document:
    """A postmortem as it is copied, without anything that needs an account here.

    `url` is its page here: the copy links to it, and is found again by it. `html` is XHTML.
    """

    number: int
    title: str
    url: str
    markdown: str
    html: str

    @property
    def heading(self) -> str:
        """A title that no other page of the place has."""
        return f"Postmortem {self.number}: {self.title}"[:200]


@dataclass(frozen=True)
class Copy:
    """A copy: found again by `id`, opened by people at `url`."""

    id: str
    url: str


class PublisherForm(RemoteForm):
    """Settings that every target has; a subclass adds its own."""

    last_fields = ("automatic",)
    automatic = forms.BooleanField(
        label=_("Copy each postmortem that is published"),
        required=False,
        help_text=_(
            "From then on, and again after each change. Otherwise by the button on its page."
        ),
    )


class Publisher:
    """Base of the plug-ins. All methods raise RemoteError, nothing else.

    One object makes one copy: all of its requests share one deadline.
    """

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    SettingsForm: ClassVar[type[PublisherForm]]

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """`settings` are the cleaned data of SettingsForm, secrets included."""
        self.settings = settings

    def probe(self) -> str:
        """A sentence that says that place and token are right."""
        raise NotImplementedError

    def publish(self, document: Document, known: str) -> Copy:
        """Write the copy that is `known` by its id, or make one.

        Safe to repeat, also where the answer to a former try was lost: then the copy of that try
        is found. One that was deleted there is made anew. What else is there is left alone.
        """
        raise NotImplementedError
