"""Importing postmortems in the shapes of `written_reports`, and leaving out what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidents.history_rows import options_from
from incidents.severities import severity_named
from kb.importers import registry
from kb.importers.base import CannotImport, ImportedIncident
from tests.kb.importers.foreign_reports import GERMAN
from tests.kb.importers.written_reports import (
    DISK,
    LABELLED,
    REPORTS,
    SRE_BOOK_HEADINGS,
    Read,
)


def read(text: str, folder: Path, zone: str = "", name: str = "report.md") -> ImportedIncident:
    (folder / name).write_text(text)
    kind = "html" if name.endswith("html") else "markdown"
    options = options_from({}, zone)
    [(_, record)] = list(registry()[kind](options=options).read(folder / name))
    assert isinstance(record, ImportedIncident), record
    return record


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_gives_times_severity_causes_factors_and_actions(
    report: Read, tmp_path: Path
) -> None:
    record = read(report.text, tmp_path, report.zone)
    assert record.impact_started_at is not None
    assert f"{record.impact_started_at:%Y-%m-%d %H:%M}" == f"2026-03-{report.start}"
    end = f"{record.resolved_at:%Y-%m-%d %H:%M}" if record.resolved_at else ""
    assert end == (f"2026-03-{report.end}" if report.end else "")
    if report.severity:
        assert severity_named(record.severity) == report.severity
    assert record.services == report.services
    by_role = [(each.role, each.name) for each in record.found_causes]
    assert sorted(name for role, name in by_role if role != "contributing") == sorted(report.root)
    assert [name for role, name in by_role if role == "contributing"] == report.factors
    assert [action.title for action in record.actions] == report.actions
    assert list(record.guessed_times) == report.guessed
    if report.title:
        assert record.title == report.title
        assert not record.body.startswith(report.title)


def test_actions_have_kind_owner_due_date_state_and_link(tmp_path: Path) -> None:
    actions = read(SRE_BOOK_HEADINGS, tmp_path).actions
    assert [action.kind for action in actions] == ["prevent", "detect", "mitigate"]
    assert (actions[0].owner, actions[0].tracker_url) == ("ann", "https://bugs.example.com/1")
    [action] = read(GERMAN, tmp_path, "Europe/Berlin").actions
    assert (action.owner, str(action.due_on), action.state) == ("anna", "2026-04-01", "done")
    done, open_one = read(LABELLED, tmp_path).actions
    assert (done.state, done.owner) == ("done", "bob")
    assert (open_one.owner, str(open_one.due_on)) == ("eve", "2026-04-01")


CONFLUENCE = """<html><head><title>OPS : Search outage</title></head><body><div id="main-content">
<table><tr><th>Date</th><td>05 Mar 2026</td></tr><tr><th>Start</th><td>10:04 UTC</td></tr>
<tr><th>End</th><td>11:06 UTC</td></tr><tr><th>Severity</th><td>SEV2</td></tr></table>
<h2>Root cause</h2><p>The disk of the index was full.</p><h2>Action items</h2>
<ul><li>Rotate logs</li></ul></div>
<div class="page-metadata">last modified on Apr 9, 2026</div></body></html>"""


def test_a_page_gives_what_its_table_and_sections_say(tmp_path: Path) -> None:
    record = read(CONFLUENCE, tmp_path, name="page.html")
    assert f"{record.impact_started_at:%m-%d %H:%M}" == "03-05 10:04"
    assert f"{record.resolved_at:%m-%d %H:%M}" == "03-05 11:06"
    assert (record.severity, record.guessed_times) == ("SEV2", {})
    assert [each.name for each in record.found_causes] == [DISK]
    assert [each.title for each in record.actions] == ["Rotate logs"]


OTHER_DOCUMENTS = [
    ("README.md", "# Postmortems\n\nSee [the template](template.md).\n", "README"),
    ("index.md", "# All incidents\n\n- one\n- two\n", "index"),
    ("CONTRIBUTING.md", "# How to write one\n\nBe kind.\n", "CONTRIBUTING"),
    ("_template.md", "# Title\n\n## Summary\n\nText.\n", "template"),
    ("postmortem-template.md", "# {Incident title}\n\n## Summary\n", "template"),
    ("blank.md", "# Blameless Postmortem Template\n\n## Summary\n", "template"),
    ("vorlage.md", "# Incident Report\n\n## Ursache\n", "template"),
    ("new.md", "# Postmortem: {Incident Title}\n\n**Date:** YYYY-MM-DD\n**Start:** HH:MM UTC\n",
     "placeholders"),
    ("new2.md", "# [Incident title]\n\nOwner: [Name]\nDate: [Date of the incident]\n",
     "placeholders"),
    ("empty.md", "\n\n", "empty"),
    ("head.md", "---\ntitle: x\n---\n\n", "no text"),
    ("broken.md", "---\ntitle: [x\n---\ntext", "front matter"),
    ("toml.md", "+++\ntitle = x\n+++\ntext", "front matter"),
    ("bomb.md", "---\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
        for old, new in zip("abcdefg", "bcdefgh", strict=True)) + "---\ntext", "aliases"),
    ("0000-template.md", "# Title of the incident\n\n## Summary\n", "template"),
    ("SUMMARY.md", "# Summary\n\n- [one](a.md)\n", "SUMMARY"),
    ("form.md", "---\ntitle: '[Postmortem] <YYYY-MM-DD> <short summary>'\n---\n## Root Cause\n"
     "- Primary cause\n\nIncident: INC-XXXX\n", "placeholders"),
    ("capitals.md", "# Post-Mortem: {INCIDENT_TITLE}\n\n**Date**: {DATE}\n**Duration**: X hours\n",
     "placeholders"),
    ("angles.md", "# Post-Mortem: << BRIEF SUMMARY >>\n\n**Severity:** << SEV# >>\n",
     "placeholders"),
    ("guide/README.md", "# Postmortem\n\n## Root cause\nExplain it.\n", "README"),
    ("prose.md", "# Issue Summary\n05/03/2026 from 05:15 PM to 02:00 AM WAT search failed\n",
     "--dates day-first"),
    ("soon.md", "---\ndate: soon\n---\ntext", "not a time"),
    ("runbook-search.md", "# Runbook: search\n\nOn 2026-03-05\n\n## Steps\n\n1. Restart\n",
     "how something is done"),
    ("process.md", "# Postmortem process\n\nWe review in five days.\n", "how something is done"),
    ("CODEOWNERS.md", "* @search\n", "how something is done"),
    ("0005-index.md", "# 5. One index\n\nDate: 2026-03-05\n\n## Status\n\nAccepted\n\n"
     "## Context\n\nx\n\n## Decision\n\ny\n", "decision"),
    ("two.md", "---\ndate: 05/03/2026\n---\ntext", "--dates day-first"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "why"), OTHER_DOCUMENTS, ids=lambda value: value[:20])
def test_what_is_no_incident_is_left_out_and_said(
    name: str, text: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    [(place, said)] = list(registry()["markdown"]().read(tmp_path))
    assert place == name
    assert isinstance(said, str)
    assert why in said


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("2026-03-05-search/README.md", "# Search outage\n\nIt was gone.\n"),
        ("search/index.md", "---\ntitle: Search outage\ndate: 2026-03-05\n---\nIt was gone.\n"),
        (
            "school/README.md",
            "# Issue Summary\nOn 2026-03-05 it failed.\n# Root cause\n- A typo.\n",
        ),
        ("policy.md", "# Policy server down\n\nOn 2026-03-05 it refused everybody.\n"),
        ("login-process.md", "# Failed login process\n\nOn 2026-03-05 it failed.\n"),
        ("mail.md", "# Postmortem: mail template broke\n\nOn 2026-03-05 no mail left.\n"),
        ("generics.md", "# Parser outage\n\nOn 2026-03-05 `List<Name>` and `{title}` failed.\n"),
    ],
)
def test_an_incident_in_a_file_of_such_a_name_is_read(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    [(_, record)] = list(registry()["markdown"]().read(tmp_path))
    assert isinstance(record, ImportedIncident), record
    assert f"{record.impact_started_at:%Y-%m-%d}" == "2026-03-05"


def test_one_unambiguous_date_decides_for_the_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nDate: 05/03/2026\n")
    (tmp_path / "b.md").write_text("# B\n\nDate: 13/03/2026\n")
    found = [record for _, record in registry()["markdown"]().read(tmp_path)]
    assert [f"{record.impact_started_at:%m-%d}" for record in found] == ["03-05", "03-13"]  # type: ignore[union-attr]


def test_an_empty_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotImport, match=r"There is no \.md file"):
        list(registry()["markdown"]().read(tmp_path))
