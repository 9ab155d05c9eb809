"""Makes headings of what a page shows as headings without their tags."""

from __future__ import annotations

from bs4 import BeautifulSoup, Tag

_DEEPEST = 6


def text_in(tag: Tag) -> str:
    """The text of a tag on one line."""
    return " ".join(tag.get_text(" ").split())


def headings_of_toggles(page: BeautifulSoup) -> None:
    """The line that opens a folded part becomes a heading, and those in the part lie below it."""
    for toggle in page.select("details"):
        line = toggle.find("summary", recursive=False)
        if not isinstance(line, Tag) or line.find(_is_heading):
            continue
        level = min(2 + len(toggle.find_parents("details")), _DEEPEST)
        for heading in toggle.find_all(_is_heading):
            heading.name = f"h{min(max(int(heading.name[1]), level + 1), _DEEPEST)}"
        line.name = f"h{level}"


def _is_heading(tag: Tag) -> bool:
    return tag.name in ("h1", "h2", "h3", "h4", "h5", "h6")
