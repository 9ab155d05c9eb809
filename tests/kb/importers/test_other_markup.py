"""Postmortems in reStructuredText and AsciiDoc are read as those in Markdown are."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.importers import registry
from kb.importers.asciidoc_markup import asciidoc_to_markdown
from kb.importers.base import ImportedIncident
from kb.importers.rst_markup import rst_to_markdown
from tests.kb.importers.written_markup import ADOC_PARTS, ADOC_REPORT, RST_PARTS, RST_REPORT

REPORTS = {"rst": RST_REPORT, "asciidoc": ADOC_REPORT}
NAMES = {"rst": "relay.rst", "asciidoc": "relay.adoc"}
CONVERTERS = {"rst": rst_to_markdown, "asciidoc": asciidoc_to_markdown}


def squeezed(text: str) -> str:
    """Without repeated empty lines, which mean nothing in Markdown."""
    return re.sub(r"\n{2,}", "\n\n", text).strip()


@pytest.mark.parametrize("written", RST_PARTS)
def test_parts_of_restructuredtext_have_their_form_in_markdown(written: str) -> None:
    assert squeezed(rst_to_markdown(written).text) == RST_PARTS[written]


@pytest.mark.parametrize("written", ADOC_PARTS)
def test_parts_of_asciidoc_have_their_form_in_markdown(written: str) -> None:
    assert squeezed(asciidoc_to_markdown(written).text) == ADOC_PARTS[written]


@pytest.mark.parametrize("kind", REPORTS)
def test_a_report_gives_title_times_services_cause_and_actions(kind: str, tmp_path: Path) -> None:
    (tmp_path / NAMES[kind]).write_text(REPORTS[kind])
    [(place, record)] = registry()[kind]().read(tmp_path)
    assert isinstance(record, ImportedIncident)
    assert (place, record.title, record.severity) == (NAMES[kind], "Relay down", "SEV2")
    assert f"{record.impact_started_at} {record.resolved_at}" == (
        "2026-03-05 10:04:00+00:00 2026-03-05 11:06:00+00:00"
    )
    assert record.guessed_times == {}
    assert record.services == ["mailer", "queue"]
    assert [(each.role, each.name) for each in record.found_causes] == [
        ("root", "The certificate of the relay had expired, see the wiki")
    ]
    assert [(each.title, each.state) for each in record.actions] == [
        ("Renew relay.pem", "done"), ("Watch the expiry", "open"),
    ]  # fmt: skip
    assert "| 10:04 | First alert |" in record.body
    assert "Mail was" in record.symptom


def test_what_is_not_taken_is_named(tmp_path: Path) -> None:
    for kind, named in (("rst", "contents (1), image (1)"), ("asciidoc", "image graph.png (1)")):
        (tmp_path / NAMES[kind]).write_text(REPORTS[kind])
        [(_, record)] = registry()[kind]().read(tmp_path / NAMES[kind])
        assert isinstance(record, ImportedIncident)
        assert record.notes == [f"not taken: {named}"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("rst", "Incident log\n============\n\n2026-02-03: Queue stuck\n-----------------------\n\n"
         "A poison message.\n\n2026-02-04: Mail late\n---------------------\n\nGreylisting.\n"),
        ("asciidoc", "= Incident log\n\n== 2026-02-03: Queue stuck\n\nA poison message.\n\n"
         "== 2026-02-04: Mail late\n\nGreylisting.\n"),
    ],
    ids=["rst", "asciidoc"],
)  # fmt: skip
def test_a_log_of_several_comes_as_several(kind: str, text: str, tmp_path: Path) -> None:
    (tmp_path / NAMES[kind]).write_text(text)
    titles = [getattr(record, "title", "") for _, record in registry()[kind]().read(tmp_path)]
    assert titles == ["Queue stuck", "Mail late"]


@pytest.mark.parametrize("kind", REPORTS)
def test_an_index_of_the_folder_is_left_out_with_the_reason(kind: str, tmp_path: Path) -> None:
    name = Path(NAMES[kind]).with_stem("index").name
    texts = {
        "rst": "Reports\n=======\n\nAll.\n\n.. toctree::\n\n   a\n",
        "asciidoc": "= Reports\n\nxref:a[]\n",
    }
    (tmp_path / name).write_text(texts[kind])
    assert [why for _, why in registry()[kind]().read(tmp_path)] == [
        "it is a index of the folder, no incident"
    ]


MARKS = st.lists(st.sampled_from(
    ["|===", "----", "====", "====  ====", ".. note:: a", ".. code::", "   .. note::", "::", "+--+",
     "+==+--+", "| a | b |", "a", "", "   b", ":a: b", "`a", "``", "= a", "* a", "a:: b", "++++",
     "[cols=\"3*\"]", "image::a[]", "|", ".. list-table::", "   * - a", "     - b", "=", "~~~~"]
), max_size=40)  # fmt: skip


@pytest.mark.parametrize("kind", CONVERTERS)
@given(lines=MARKS)
def test_no_text_makes_it_raise(kind: str, lines: list[str]) -> None:
    CONVERTERS[kind]("\n".join(lines))


@pytest.mark.parametrize("kind", CONVERTERS)
@pytest.mark.parametrize(
    "line",
    [
        "----x\n\n", ".. note::\n\n", "`a\n", "a::\n\n", "|===\n|a\n", ":a:\n\n", "+-+\n", "== =\n",
        "- a\n", "\n", "   \n", "a\n==\n",
    ],
)  # fmt: skip
def test_a_large_text_of_one_mark_is_read_in_time(kind: str, line: str) -> None:
    begun = time.process_time()
    CONVERTERS[kind](line * 20_000)
    assert time.process_time() - begun < 5


def test_notes_inside_of_notes_end_somewhere() -> None:
    nested = "\n".join(f"{'   ' * depth}.. note::\n" for depth in range(300))
    assert rst_to_markdown(nested).left_out["note"] == 1
