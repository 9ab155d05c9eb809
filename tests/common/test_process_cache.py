from __future__ import annotations

import pytest

from common import process_cache
from common.process_cache import ProcessCache


def read_squares(reads: list[int]):  # type: ignore[no-untyped-def]
    def read(keys: list[int]) -> dict[int, int]:
        reads.extend(keys)
        return {key: key * key for key in keys if key > 0}

    return read


def test_only_what_is_not_cached_is_read_and_missing_keys_are_left_out() -> None:
    reads: list[int] = []
    cache: ProcessCache[int, int] = ProcessCache("squares", 10)
    assert cache.get_many([1, 2], read_squares(reads)) == {1: 1, 2: 4}
    assert cache.get_many([2, 3, -1], read_squares(reads)) == {2: 4, 3: 9}
    assert reads == [1, 2, 3, -1]


def test_a_dropped_entry_is_read_again() -> None:
    reads: list[int] = []
    cache: ProcessCache[int, int] = ProcessCache("squares", 10)
    cache.get_many([1, 2], read_squares(reads))
    cache.drop([1])
    cache.get_many([1, 2], read_squares(reads))
    assert reads == [1, 2, 1]


def test_a_value_read_before_another_thread_dropped_it_is_not_cached() -> None:
    cache: ProcessCache[str, str] = ProcessCache("names", 10)

    def read_while_another_thread_drops() -> str:
        cache.drop(["name"])
        return "before the write"

    assert cache.get("name", read_while_another_thread_drops) == "before the write"
    assert cache.get("name", lambda: "after the write") == "after the write"


def test_a_cached_none_is_a_value() -> None:
    cache: ProcessCache[str, None] = ProcessCache("nothing", 10)
    assert cache.get("key", lambda: None) is None
    assert cache.get("key", lambda: pytest.fail("read again")) is None


def test_an_entry_expires_but_can_still_be_peeked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("common.process_cache.time.monotonic", lambda: now)
    cache: ProcessCache[str, str] = ProcessCache("names", 10, max_age=60)
    cache.store("name", "old")
    now = 159.0
    assert cache.get("name", lambda: "new") == "old"
    now = 161.0
    assert cache.peek("name") is None
    assert cache.peek("name", even_if_old=True) == "old"
    assert cache.get("name", lambda: "new") == "new"


def test_it_never_holds_more_than_its_limit() -> None:
    cache: ProcessCache[int, int] = ProcessCache("squares", 3)
    for key in range(10):
        cache.store(key, key)
        assert len(cache) <= 3
    cache.get_many(range(20, 30), lambda keys: dict.fromkeys(keys, 0))
    assert len(cache) <= 3


def test_all_caches_are_cleared_together() -> None:
    one: ProcessCache[str, int] = ProcessCache("one", 3)
    other: ProcessCache[str, int] = ProcessCache("other", 3)
    one.store("key", 1)
    other.store("key", 2)
    process_cache.clear_all()
    assert (one.peek("key"), other.peek("key")) == (None, None)
