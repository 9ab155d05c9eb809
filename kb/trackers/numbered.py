"""What trackers share whose issues have a number within a project: example/shop#7."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from common.payloads import listed, text
from kb.trackers.base import IssueDraft, NotOurs, TrackerIssue, TrackerPlugin, path_below

MOST_PAGES = 5
PAGE = 100
"""Issues of a page."""
SINCE = "%Y-%m-%dT%H:%M:%SZ"


class NumberedTracker(TrackerPlugin):
    reference_example = "#7"
    id_pattern: ClassVar[re.Pattern[str]]
    """Project and number of an id."""
    page_pattern: ClassVar[re.Pattern[str]]
    """The same of the path of an issue's page."""
    issues: ClassVar[str]
    """What is between project and number in that path."""
    body: ClassVar[tuple[str, int]]
    """The field with an issue's text, and the most characters that it may have."""
    project: str
    web: str
    """The address of the pages."""

    def id_of(self, reference: str) -> str:
        written = reference.strip()
        if "://" in written:
            found = self.page_pattern.fullmatch(path_below(written, self.web) or "")
            written = f"{found[1]}#{found[2]}" if found else ""
        elif written.startswith("#"):
            written = self.project + written
        match = self.id_pattern.fullmatch(written)
        if not match or match[1].lower() != self.project.lower():
            address = f"{self.web}/{self.project}/{self.issues}/7"
            raise NotOurs(f"Name an issue of {self.project}: #7, or {address}.")
        return f"{self.project}#{int(match[2])}"

    def find_marked(self, draft: IssueDraft) -> TrackerIssue | None:
        # Not by search, which knows a new issue only after a while.
        name, most = self.body
        for page in range(1, MOST_PAGES + 1):
            rows = listed(self.newest_issues(draft.since.strftime(SINCE), page))
            for row in rows:
                if draft.label in text(row, name, most) and self.is_issue(row):
                    return self.issue_of(row)
            if len(rows) < PAGE:
                break
        return None

    def newest_issues(self, since: str, page: int) -> Sequence[Any]:
        """A page of PAGE issues that are not older, from 1."""
        raise NotImplementedError

    def is_issue(self, row: Any) -> bool:
        """Whether a row of such a page is an issue; some have other things among them."""
        return True

    def issue_of(self, data: Any) -> TrackerIssue:
        """The issue that an answer shows."""
        raise NotImplementedError
