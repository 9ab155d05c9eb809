"""Extension points: parts are registered by name, in order, once."""

from __future__ import annotations

import pytest

from common.registry import Registry
from incidents.catalogue.lifecycle_gates import GATES
from incidents.search.query_language import SEARCH_FIELDS
from incidents.timeline import TIMELINE_SOURCES
from kb.api.metrics import COLLECTORS
from kb.chatops.dispatch import COMMANDS
from kb.postmortems.images import IMAGE_SOURCES
from kb.postmortems.template_filling import SECTIONS


def test_entries_are_in_the_order_of_registration() -> None:
    registry: Registry[int] = Registry("numbers", {"one": 1})
    registry.register("three", 3)
    registry.register("two", 2)
    assert list(registry) == ["one", "three", "two"]
    assert list(registry.values()) == [1, 3, 2]
    assert "four" not in registry


def test_a_name_is_given_once() -> None:
    registry: Registry[str] = Registry("chat commands")
    registry.register("ask", "first")
    with pytest.raises(ValueError, match="chat commands have “ask” already"):
        registry.register("ask", "second")
    assert registry["ask"] == "first"


def test_own_entries_of_one_registry_do_not_leak_into_another() -> None:
    own = {"one": 1}
    registry: Registry[int] = Registry("numbers", own)
    registry.register("two", 2)
    assert own == {"one": 1}


def test_packages_above_register_their_parts_by_name() -> None:
    assert "cause" in SEARCH_FIELDS
    assert "findings" in TIMELINE_SOURCES
    assert "readiness" in GATES
    assert "analysis" in COLLECTORS
    assert {"ask", "similar", "budget"} <= set(COMMANDS)
    assert "evidence" in SECTIONS
    assert "charts" in IMAGE_SOURCES
