"""Reports whose times, sections and actions are written in unusual shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from incidents.severities import severity_named
from kb.importers import registry
from kb.importers.base import ImportedIncident


@dataclass(frozen=True)
class Shape:
    name: str
    text: str
    start: str = "05 00:00"
    end: str = ""
    causes: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)
    guessed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.name


_DAY = ["impact_started_at"]
SHAPES = [
    Shape(
        "times behind their names without a colon",
        "# Relay\n\n- **Key events**\n  - Fault occurs 2026-03-05 10:04\n"
        "  - First detected 2026-03-05 10:10\n  - Repaired 2026-03-05 10:50\n"
        "  - Resolved 2026-03-05 11:06\n",
        "05 10:04", "05 11:06",
        more={"detected_at": "05 10:10", "mitigated_at": "05 10:50"},
    ),
    Shape(
        "prose that begins with such a name",
        "# Relay 2026-03-05\n\nResolved 3 of the 4 faults.\nStarted 2 more relays by hand.\n",
        guessed=_DAY,
    ),
    Shape(
        "a status with its time",
        "# Relay\n\nStarted: 2026-03-05 10:04\n\n**Status**: Resolved at 2026-03-05 11:06 UTC\n",
        "05 10:04", "05 11:06", more={"status": "Resolved"},
    ),
    Shape(
        "where a link called status leads to",
        "# Relay 2026-03-05\n\nSee the [page][status].\n\n[status]: https://status.example.com\n",
        more={"status": ""}, guessed=_DAY,
    ),
    Shape(
        "day and clock in its title",
        "# 2026-03-05 2:04AM PST, Relay down\n\nMail was late.\n",
        "05 10:04",
    ),
    Shape(
        "an end that is of another year",
        "# Relay 2026-03-05\n\n- Resolved 2025-03-05 11:06\n",
        more={"notes": "its end 2025-03-05 is before 2026-03-05"}, guessed=_DAY,
    ),
    Shape(
        "signs written as names before headings",
        "# Relay 2026-03-05\n\n## :mag_right: Blameless root cause\n\nA full disk.\n\n"
        "## :ballot_box_with_check: Follow-up tasks\n\n- [x] Rotate logs\n",
        causes=["A full disk"], actions=["Rotate logs"], guessed=_DAY,
    ),
    Shape(
        "actions below headings of their own",
        "# Relay 2026-03-05\n\n## Action items\n\n### Process\n\n1. Write a runbook\n\n"
        "### Technical improvements\n\n1. Rotate logs\n\n## Notes\n\n- Not one\n",
        actions=["Write a runbook", "Rotate logs"], guessed=_DAY,
    ),
    Shape(
        "a wrapped sentence that ends with the name of a section",
        "# Relay 2026-03-05\n\n## What went wrong\n\nThings that could have gone better. They "
        "should be\nlinked to under\nAction items.\n\n1. Nobody noticed\n\n## Action items\n\n"
        "- Rotate logs\n",
        causes=["Nobody noticed"], actions=["Rotate logs"], guessed=_DAY,
    ),
    Shape(
        "a question of the template above its answer",
        "# Relay 2026-03-05\n\n## Resolution\n\n*How was it resolved? What would\nbe better?*\n\n"
        "A new disk.\n",
        more={"resolution": "A new disk."}, guessed=_DAY,
    ),
    Shape(
        "actions of a review",
        "# Relay 2026-03-05\n\n- **Review actions**:\n  - Rotate logs\n",
        actions=["Rotate logs"], guessed=_DAY,
    ),
    Shape(
        "cState's own severity",
        "---\ntitle: Relay\ndate: 2026-03-05 10:04:00\nresolvedWhen: 2026-03-05 11:06:00\n"
        "severity: disrupted\n---\nMail was late.\n",
        "05 10:04", "05 11:06", more={"severity": "SEV2"},
    ),
]  # fmt: skip


def _text(record: ImportedIncident, name: str) -> str:
    value = getattr(record, name)
    if name == "severity":
        return severity_named(value) or ""
    if name == "notes":
        return str(value[0])
    return value if isinstance(value, str) else f"{value:%d %H:%M}"


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_report_gives_its_times_causes_and_actions(shape: Shape, tmp_path: Path) -> None:
    path = tmp_path / "relay.md"
    path.write_text(shape.text)
    [(_, record)] = registry()["markdown"]().read(path)
    assert isinstance(record, ImportedIncident), record
    assert f"{record.impact_started_at:%Y-%m-%d %H:%M}" == f"2026-03-{shape.start}"
    end = f"{record.resolved_at:%Y-%m-%d %H:%M}" if record.resolved_at else ""
    assert end == (f"2026-03-{shape.end}" if shape.end else "")
    assert [each.name for each in record.found_causes] == shape.causes
    assert [each.title for each in record.actions] == shape.actions
    assert list(record.guessed_times) == shape.guessed
    assert {name: _text(record, name) for name in shape.more} == shape.more


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("informational: true", "its head says “informational”: it is no incident"),
        ("type: maintenance", "its head says “maintenance”: it is no incident"),
        ("category: Announcement", "its head says “Announcement”: it is no incident"),
    ],
)
def test_a_post_that_says_it_is_no_incident_is_left_out(
    head: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "post.md"
    path.write_text(f"---\ntitle: Relay\ndate: 2026-03-05\n{head}\n---\nMail will be late.\n")
    assert [why for _, why in registry()["markdown"]().read(path)] == [said]


def test_an_index_with_empty_figures_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "index.md"
    path.write_text("# Log\n\n- **Severity**: -\n\n* [2026-03-05 Relay](relay)\n")
    assert [why for _, why in registry()["markdown"]().read(path)] == [
        "it is a index of the folder, no incident"
    ]
