"""Backups are stored in a folder or a bucket, and the old ones are deleted there."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from config.backup.archive import BackupError
from config.backup.stores import local_copy, new_name, prune, store

NAMES = [new_name(datetime(2026, 1, day, tzinfo=UTC)) for day in (1, 2, 3, 4)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.DATA_DIR = tmp_path
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return tmp_path


def put(address: str) -> list[str]:
    where = store(address)
    for name in NAMES:
        with where.place(name) as path:
            path.parent.mkdir(exist_ok=True)
            path.write_text(name)
    return prune(where, 2)


def test_a_folder_retains_the_newest_and_leaves_files_of_others(
    folder: Path, settings: Any
) -> None:
    settings.BACKUP_TO = str(folder / "copies")
    (folder / "copies").mkdir()
    (folder / "copies" / "holiday.tar").touch()
    left_over = folder / "copies" / ".causebook-20260101T000000Z.tar.7.partial"
    left_over.touch()
    old = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(left_over, (old, old))
    assert put("") == NAMES[:2]
    found = sorted(path.name for path in (folder / "copies").iterdir())
    assert found == [*NAMES[2:], "holiday.tar"]


def test_a_bucket_retains_the_newest_and_gives_them_back(folder: Path) -> None:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket="copies", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        client.put_object(Bucket="copies", Key="ours/holiday.tar", Body=b"")
        client.put_object(Bucket="copies", Key=f"others/{NAMES[0]}", Body=b"")
        assert put("s3://copies/ours") == NAMES[:2]
        keys = [each["Key"] for each in client.list_objects_v2(Bucket="copies")["Contents"]]
        assert keys == [
            f"others/{NAMES[0]}", *(f"ours/{name}" for name in NAMES[2:]), "ours/holiday.tar",
        ]  # fmt: skip
        with local_copy(f"s3://copies/ours/{NAMES[3]}") as path:
            assert path.read_text() == NAMES[3]
        with (
            pytest.raises(BackupError, match="AWS_ENDPOINT_URL_S3"),
            local_copy("s3://copies/ours/nothing.tar"),
        ):
            pass
        with pytest.raises(BackupError, match="cannot be used"):
            put("s3://no-such-bucket/ours")
    # What was on its way through this host does not stay there.
    assert list((folder / "backups").iterdir()) == []


def test_an_address_without_a_bucket_is_refused() -> None:
    with pytest.raises(BackupError, match="s3://bucket/folder"):
        store("s3://")
