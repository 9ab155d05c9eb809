"""The contract of history sources: an API is read page by page into the records of importers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.payloads import dig
from kb.importers.base import ReadResult
from kb.remote_api import JsonApi, RemoteForm

Cursor = dict[str, Any]
"""What finds the next page again, as JSON: numbers and tokens, never an address."""
NOUN = "connection"
"""What has the settings, in messages."""
RIGHTS = "to read what is imported"
API_OPTIONS: dict[str, Any] = {"noun": NOUN, "rights": RIGHTS, "most_bytes": 16 * 1024 * 1024}
"""How every source talks to its API: what messages say, and how large a page may be."""
OLDEST = timedelta(days=3650)
"""Before now, where no earliest day is set."""


@dataclass(frozen=True)
class Page:
    """Records of one page as an importer reads them, and where to go on; None at the end.

    `progress` is the share that is read then, 0 to 1; None where nobody knows.
    """

    records: Sequence[ReadResult]
    next: Cursor | None
    progress: float | None = None


class HistorySourceForm(RemoteForm):
    """Settings that every source has; a subclass adds its own."""

    last_fields = ("earliest", "follow", "source")
    earliest = forms.RegexField(
        r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9]$",
        label=_("Not before"),
        required=False,
        widget=forms.TextInput(attrs={"type": "date"}),
        help_text=_("Empty for everything."),
    )
    source = forms.CharField(
        label=_("Name of the origin"),
        required=False,
        max_length=50,
        help_text=_(
            "Incidents known from the same origin come once. By default the one that the "
            "import of files uses."
        ),
    )
    follow = forms.BooleanField(
        label=_("Follow what changes there"),
        required=False,
        initial=True,
        help_text=_("After the import, every ten minutes."),
    )

    def clean_earliest(self) -> str:
        day: str = self.cleaned_data["earliest"]
        if day:
            try:
                datetime.fromisoformat(day)
            except ValueError as error:
                raise forms.ValidationError(_("This is no day: write 2024-01-31.")) from error
        return day


class HistorySource:
    """Base of the plug-ins. All methods that send a request raise RemoteError, nothing else.

    One object reads one page: all of its requests share one deadline.
    """

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    source: ClassVar[str] = ""
    """The origin that the importer of files gives to the same records."""
    reads: ClassVar[Text] = ""
    """What comes, for the page."""
    SettingsForm: ClassVar[type[HistorySourceForm]]

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """`settings` are the cleaned data of SettingsForm, secrets included."""
        self.settings = settings
        self.api = self.connect()

    def connect(self) -> JsonApi:
        raise NotImplementedError

    def probe(self) -> str:
        """A sentence that says that filter and token are right."""
        raise NotImplementedError

    def page(self, cursor: Cursor, since: datetime | None) -> Page:
        """The page at `cursor`, the first one for an empty cursor.

        With `since` only of what changed from then on. Pages may overlap: what came twice is
        known by its id.
        """
        raise NotImplementedError

    def rows(self, data: Any, path: str = "") -> list[dict[str, Any]]:
        """The objects in the list at `path` of an answer, which must be there."""
        found = dig(data, path) if path else data
        if not isinstance(found, list):
            raise self.api.odd()
        return [each for each in found if isinstance(each, dict)]

    @property
    def earliest(self) -> datetime:
        day = self.settings.get("earliest")
        if day:
            return datetime.fromisoformat(day).replace(tzinfo=UTC)
        return timezone.now() - OLDEST


def api_for(settings: Mapping[str, Any], authorization: str) -> JsonApi:
    """The API of these settings, whose messages speak of connections."""
    headers = {"Authorization": authorization}
    return JsonApi(settings["url"], headers, **API_OPTIONS)


def share_of_time(start: datetime, reached: datetime | None) -> float | None:
    """How far from `start` to now a reading by time is, 0 to 1."""
    whole = (timezone.now() - start).total_seconds()
    if reached is None or whole <= 0:
        return None
    return min(max((reached - start).total_seconds() / whole, 0.0), 1.0)


def names_in(settings: Mapping[str, Any], name: str) -> list[str]:
    """A setting with names between commas or blanks."""
    return [each for each in str(settings.get(name) or "").replace(",", " ").split() if each]


def minutes_since(since: datetime) -> int:
    """For queries that know relative times only: absolute ones are in the zone of an account."""
    return max(int((timezone.now() - since).total_seconds() // 60) + 1, 1)


def stamp(at: datetime) -> str:
    """A time as all of these products read it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def page_number(cursor: Cursor) -> int:
    return int(cursor.get("page", 1))
