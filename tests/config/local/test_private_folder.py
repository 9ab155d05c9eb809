"""Nobody but its owner reads the data folder, whatever version made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.local.private_folder import close_to_others


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


@pytest.mark.parametrize(("passable", "expected"), [(False, "0o700"), (True, "0o711")])
def test_a_folder_of_an_earlier_version_is_closed_with_what_is_in_it(
    tmp_path: Path, passable: bool, expected: str
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    folder = tmp_path / "var"
    folder.mkdir()
    folder.chmod(0o755)
    for name in ("supervisord.conf", "dump.rdb", "secret-key"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o644)
    (folder / "index").mkdir(mode=0o755)
    (folder / "link").symlink_to(outside)
    close_to_others(folder, passable=passable)
    assert mode(folder) == expected
    assert {
        mode(each) for each in folder.iterdir() if each.is_file() and not each.is_symlink()
    } == {"0o600"}
    assert mode(folder / "index") == "0o700"
    assert mode(outside) == "0o644", "what a link leads to is not ours"
