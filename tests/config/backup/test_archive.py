"""The file of a backup: whatever becomes of it, reading it ends with a sentence."""

from __future__ import annotations

import tarfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.backup.archive import (
    DUMP,
    KEYS,
    MANIFEST,
    Archive,
    BackupError,
    Manifest,
    Writer,
    new_file,
)
from tests.sizes import examples

ABOUT = Manifest("0.2.0", "2026-01-02T03:04:05+00:00", 180001, [["kb", "0001_initial"]], {"t": 3})


def written(path: Path) -> Path:
    with new_file(path) as file:
        writer = Writer(file)
        dump = writer.add(DUMP, [b"PGDMP", b"x" * 700])
        writer.add(KEYS, [b"{}"])
        about = Manifest(**{**vars(ABOUT), "members": {DUMP: dump}})
        writer.add(MANIFEST, [about.as_bytes()])
        writer.finish()
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return written(tmp_path_factory.mktemp("backup") / "whole.tar").read_bytes()


def test_it_is_a_tar_that_any_program_reads_and_reads_back(tmp_path: Path) -> None:
    path = written(tmp_path / "deep" / "backup.tar")
    archive = Archive(path)
    archive.verify()
    assert b"".join(archive.dump()) == b"PGDMP" + b"x" * 700
    assert archive.keys == b"{}"
    assert (archive.manifest.version, archive.manifest.rows) == ("0.2.0", {"t": 3})
    with tarfile.open(path, "r:") as tar:
        assert tar.getnames() == [DUMP, KEYS, MANIFEST]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["backup.tar"]


def test_a_backup_that_fails_halfway_leaves_the_former_file_and_nothing_else(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "backup.tar")
    before = path.read_bytes()

    def half() -> None:
        with new_file(path) as file:
            file.write(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(BackupError, match="No space left on device"):
        half()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["backup.tar"]


def opened(path: Path, content: bytes) -> Archive:
    path.write_bytes(content)
    archive = Archive(path)
    archive.verify()
    return archive


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_that_was_cut_off_or_changed_is_refused_or_is_still_whole(
    whole: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = data.draw(st.one_of(st.none(), st.binary(min_size=1, max_size=600)))
    body = whole[:at] if changed is None else whole[:at] + changed + whole[at + len(changed) :]
    with suppress(BackupError):
        archive = opened(tmp_path / "odd.tar", body)
        assert b"".join(archive.dump()) == b"PGDMP" + b"x" * 700


@given(body=st.binary(max_size=2000))
@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_other_file_is_mistaken_for_a_backup(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(BackupError, match="is damaged"):
        opened(tmp_path / "any", body)


def hostile(*members: tuple[str, bytes, bytes]) -> bytes:
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w:") as tar:
        for name, kind, body in members:
            header = tarfile.TarInfo(name)
            header.type, header.linkname = kind, "/etc/passwd"
            header.size = len(body) if kind == tarfile.REGTYPE else 0
            tar.addfile(header, BytesIO(body))
    return file.getvalue()


def described(about: bytes) -> bytes:
    return hostile((DUMP, tarfile.REGTYPE, b"x"), (MANIFEST, tarfile.REGTYPE, about))


def huge(name: str, size: int) -> bytes:
    header = tarfile.TarInfo(name)
    header.size = size
    return header.tobuf(tarfile.GNU_FORMAT) + b"x" * 5000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(hostile(("../../etc/cron.d/x", tarfile.REGTYPE, b"x")), id="a way out"),
        pytest.param(hostile(("/etc/passwd", tarfile.REGTYPE, b"x")), id="an absolute path"),
        pytest.param(hostile(("daten.ü", tarfile.REGTYPE, b"x")), id="a name in other letters"),
        pytest.param(hostile((DUMP, tarfile.SYMTYPE, b"")), id="a link"),
        pytest.param(hostile((DUMP, tarfile.LNKTYPE, b"")), id="a hard link"),
        pytest.param(hostile((DUMP, tarfile.CHRTYPE, b"")), id="a device"),
        pytest.param(hostile((DUMP, tarfile.FIFOTYPE, b"")), id="a pipe"),
        pytest.param(hostile(*[(DUMP, tarfile.REGTYPE, b"x")] * 2), id="a part twice"),
        pytest.param(described(b"[" * 9000), id="a description nested without end"),
        pytest.param(described(b"{}"), id="an empty description"),
        pytest.param(described(b"\xff"), id="a description of bytes"),
        pytest.param(huge(DUMP, 1 << 60), id="larger than any disk"),
        pytest.param(huge(MANIFEST, 1 << 32), id="a description larger than the memory"),
        pytest.param(huge(DUMP, -5), id="less than nothing"),
    ],
)  # fmt: skip
def test_an_archive_made_to_harm_is_refused(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(BackupError, match="Nothing was changed"):
        opened(tmp_path / "hostile.tar", body)
    assert [each.name for each in tmp_path.iterdir()] == ["hostile.tar"]


def test_a_file_of_a_later_format_says_which_version_reads_it(whole: bytes, tmp_path: Path) -> None:
    body = whole.replace(b'"format": 1', b'"format": 2').replace(b'"0.2.0"', b'"3.0.0"')
    with pytest.raises(BackupError, match=r"newer version \(3\.0\.0\)"):
        opened(tmp_path / "later.tar", body)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"nothing\.tar cannot be read: No such file"):
        Archive(tmp_path / "nothing.tar")
