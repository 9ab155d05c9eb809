"""Every reader of files takes odd ones: read, or refused with a sentence, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import incidents.catalogue.formats
import kb.importers
import practice.load_tests
import practice.slo_files
from common.file_import import BadFile
from common.markdown import _rendered, escape_markdown, with_breaks
from common.text_files import decoded
from kb.importers.base import CannotImport
from tests.edges.odd_files import BYTES, SLOW_MARKDOWN, TEXTS
from tests.sizes import LONG

MOST_SECONDS = 10.0
"""Seconds of computing that no file of this size takes; most take a hundredth."""
PER_CHARACTER = MOST_SECONDS / 50_000
READERS = [
    pytest.param(plugin, id=f"{package.__name__}.{kind}")
    for package in (incidents.catalogue.formats, practice.load_tests, practice.slo_files)
    for kind, plugin in package.registry().items()
]
ALL_BYTES = {name: text.encode() for name, text in TEXTS.items()} | BYTES
SUFFIXES = {"markdown": "md", "html": "html", "csv": "csv", "jira": "csv"}


def problems(read: Callable[[Any], Any], files: dict[str, Any], *allowed: type) -> Iterator[str]:
    for name, content in files.items():
        begun = time.thread_time()
        try:
            read(content)
        except allowed as refusal:  # type: ignore[misc]
            if not str(refusal).strip():
                yield f"{name}: refused without a word"
        except Exception as error:
            yield f"{name}: {error!r}"[:300]
        if time.thread_time() - begun > MOST_SECONDS:
            yield f"{name}: took {time.thread_time() - begun:.0f} s"


def everything(found: Any) -> Any:
    return list(found) if isinstance(found, Iterator) else found


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_refuses_odd_texts_with_a_sentence(reader: Any) -> None:
    texts = TEXTS | {name: decoded(content) for name, content in BYTES.items()}
    found = problems(lambda text: everything(reader().read(text)), texts, BadFile)
    assert not list(found)


@pytest.mark.parametrize("kind", kb.importers.registry())
def test_an_importer_refuses_odd_files_with_a_sentence(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"report.{SUFFIXES.get(kind, 'json')}"

    def read(content: bytes) -> Any:
        file.write_bytes(content)
        return list(kb.importers.registry()[kind]().read(file))

    assert not list(problems(read, ALL_BYTES, CannotImport))


def test_no_half_of_a_pair_gets_in_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "incidents.json"
    file.write_text('[{"id": "1", "title": "a\\ud800b", "started_at": "2024-01-02T03:04:05Z"}]')
    [(_, record)] = kb.importers.registry()["json"]().read(file)
    record.title.encode()  # type: ignore[union-attr]


@pytest.mark.parametrize("shape", SLOW_MARKDOWN)
def test_no_shape_of_markdown_takes_more_than_its_length(shape: str) -> None:
    for prepare in (str, lambda text: with_breaks(escape_markdown(text))):
        # What is all marks is shown as it is written from some length on; below it, it is read.
        for length in (50_000, 300_000) if LONG else (20_000, 100_000):
            begun = time.thread_time()
            _rendered(prepare(SLOW_MARKDOWN[shape](length)))
            assert time.thread_time() - begun < length * PER_CHARACTER
