"""The keys in a backup are opened by the passphrase alone, and tell whether the rest is genuine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.backup import restored_settings
from config.backup.archive import BackupError
from config.backup.keys import Keys, check_passphrase, seal, unseal
from tests.sizes import examples

ROOT = Path(__file__).resolve().parents[3]
PASSPHRASE = "correct horse battery staple"
KEYS = Keys("the-key", ["a-former-key"], {"EMAIL_HOST_PASSWORD": "hush"}, "digest")


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt at a passphrase costs half a second on purpose."""
    monkeypatch.setattr("config.backup.keys.COST", {"n": 2, "r": 8, "p": 1})


def test_a_passphrase_opens_what_it_sealed_and_another_does_not() -> None:
    sealed = seal(KEYS, PASSPHRASE)
    assert not [each for each in (b"the-key", b"hush", b"former") if each in sealed]
    assert unseal(sealed, PASSPHRASE) == KEYS
    with pytest.raises(BackupError, match=r"passphrase does not open .* --without-keys"):
        unseal(sealed, PASSPHRASE + "r")


def test_a_short_passphrase_is_refused_when_the_backup_is_made() -> None:
    with pytest.raises(BackupError, match="at least 12 characters"):
        check_passphrase("hunter2")


@given(body=st.one_of(st.binary(max_size=300), st.sampled_from([
    b"{}", b"[]", b"[" * 5000, b'{"salt": 5, "sealed": 5}', b'{"salt": "AA==", "sealed": ""}',
    b'{"salt": "\\u00e9", "sealed": "x"}', b'{"salt": "AA==", "sealed": "\\u00e9"}',
])))  # fmt: skip
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_keys_end_with_a_sentence(cheap: None, body: bytes) -> None:
    with pytest.raises(BackupError, match=r"--without-keys"):
        unseal(body, PASSPHRASE)


def test_every_setting_is_readable_sealed_or_left_out_by_decision() -> None:
    code = "".join(path.read_text() for path in sorted((ROOT / "config").glob("*.py")))
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]{3,})"', code))
    lists = [
        restored_settings.READABLE, restored_settings.SEALED, restored_settings.OF_THE_HOST,
        restored_settings.KEYS,
    ]  # fmt: skip
    assert read - frozenset().union(*lists) == set(), "Put it into a list of restored_settings.py."
    assert sum(map(len, lists)) == len(frozenset().union(*lists))
    secret = set(re.findall(r'env\.secret(?:_words)?\(\s*"([A-Z_]+)"', code))
    assert len(secret) > 4
    assert secret.isdisjoint(restored_settings.READABLE)


def test_settings_become_lines_that_hold_one_setting_each(monkeypatch: Any) -> None:
    values = {"PUBLIC_URL": "https://a\nSECRET_KEY=x", "LD_PRELOAD": "/tmp/x", "HTTPS": "true"}
    assert restored_settings.as_lines(values) == ("HTTPS=true\nPUBLIC_URL=https://a SECRET_KEY=x\n")
    for name in ("DATABASE_URL", "SECRET_KEY", "PUBLIC_URL"):
        monkeypatch.setenv(name, "v")
    assert set(restored_settings.readable()) & {"DATABASE_URL", "SECRET_KEY"} == set()
