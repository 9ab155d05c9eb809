"""Zip files from outside: their texts, or one error."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.archives import MAX_NAME, BadArchive, unpack


def packed(files: Mapping[str, bytes | str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


ODD_NAMES = ["../a.md", "/a.md", "a/../../b.md", "a\\b.md", "a//b.md", ".", "..", "a/", "C:\\a.md"]
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
# Python writes nothing under a name that begins with NUL; the test below makes such an archive.
NAMES = TEXTS.filter(lambda name: name[0] != "\0") | st.sampled_from(ODD_NAMES)


@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=5))
def test_no_name_in_an_archive_leads_out_of_the_folder(files: dict[str, bytes]) -> None:
    try:
        found = unpack(packed(files))
    except BadArchive:
        return
    for name in found:
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert all(0 < len(part.encode()) <= MAX_NAME for part in name.split("/"))


def test_a_file_without_a_name_is_refused() -> None:
    nameless = packed({"~": b"text"}).replace(b"~", b"\0")
    with pytest.raises(BadArchive, match="has no name: pack it anew"):
        unpack(nameless)


WHOLE = packed({"one.md": b"# One\n" * 50, "two/three.md": b"text"})


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_changed_archive_is_read_or_refused(at: int, change: bytes) -> None:
    try:
        found = unpack(WHOLE[:at] + change + WHOLE[at + len(change) :])
    except BadArchive:
        return
    assert found


def test_archives_in_archives_end_at_the_second() -> None:
    content = packed({"a.md": b"deep"})
    for _ in range(3):
        content = packed({"inner.zip": content})
    [(name, left)] = unpack(content).items()
    assert name == "inner.zip", "It is a file like any other, which importers pass over."
    assert left.startswith(b"PK")


def test_an_archive_with_a_password_says_so() -> None:
    content = bytearray(packed({"one.md": b"text"}))
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(head) + flags] |= 1
    with pytest.raises(BadArchive, match="it has a password"):
        unpack(bytes(content))
