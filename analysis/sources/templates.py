"""What to pull for which service, as people write it in a source's settings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from analysis.sources.base import SourceQuery, Target

FOR_SERVICES = _("kinds of service or names of services, with commas between them, or any")


def parse_templates(text: str) -> list[tuple[set[str], SourceQuery]]:
    """Lines of `for services | what | unit | query`. Raises ValueError naming the line."""
    templates = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|", 3)]
        if len(parts) != 4 or not all((parts[0], parts[1], parts[3])):
            raise ValueError(f"Line {number}: write “kind | what | unit | query”.")
        services = {each.strip() for each in parts[0].split(",")}
        templates.append((services, SourceQuery(what=parts[1], unit=parts[2], text=parts[3])))
    return templates


def queries_for(text: str, target: Target) -> list[SourceQuery]:
    """The queries for one service: a line with its name beats one with its kind, and that `any`."""
    templates = parse_templates(text)
    by_what: dict[str, SourceQuery] = {}
    for services in ("any", target.kind, target.name):
        by_what.update((query.what, query) for named, query in templates if services in named)
    return list(by_what.values())
