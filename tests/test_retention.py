"""Every table that grows has a rule or a reason to stay, and rules delete what they say."""

from __future__ import annotations

from collections import Counter

from django.apps import apps

from common.retention import KINDS

OF_THE_TESTS = {"demo", "tests"}


def test_every_table_is_of_one_kind_with_a_rule_or_a_reason_to_stay() -> None:
    known = Counter(table for kind in KINDS.values() for table in kind.tables)
    assert {table for table, times in known.items() if times > 1} == set()
    every = {
        table
        for table in apps.get_models(include_auto_created=True)
        if table._meta.managed and table._meta.app_label not in OF_THE_TESTS
    }
    missing = {table._meta.label for table in every - set(known)}
    assert not missing, "Say in a retention.py what becomes of old rows, or why they stay."
    assert all(kind.why for kind in KINDS.values())


def test_rules_say_their_days_and_settings() -> None:
    for name, kind in KINDS.items():
        if kind.delete is not None:
            assert "{days}" in kind.why, name
            assert kind.setting.endswith("_RETENTION_DAYS") or kind.default_days, name
            assert kind.dated, name
