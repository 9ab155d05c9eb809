"""The migration that renames models: rows, rights and tables survive it, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from kb.models import NotificationRule

BEFORE, AFTER = [("kb", "0004_chat")], [("kb", "0005_model_names")]


def migrate(target: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return executor.loader.project_state(target).apps


@pytest.fixture
def before(transactional_db: None) -> Iterator[Any]:
    yield migrate(BEFORE)
    call_command("migrate", verbosity=0)


def test_rows_and_granted_rights_survive(before: Any, django_user_model: Any) -> None:
    workspace = before.get_model("kb", "Workspace").objects.create(kind="slack", name="Ours")
    rule = before.get_model("kb", "Rule").objects.create(workspace=workspace, events=["a"])
    ContentType.objects.clear_cache()
    old = ContentType.objects.get(app_label="kb", model="rule")
    user: AbstractUser = django_user_model.objects.create_user("admin2")
    right = Permission.objects.get(content_type=old, codename="change_rule")
    user.user_permissions.add(right)
    migrate(AFTER)
    assert NotificationRule.objects.get().pk == rule.pk
    again = django_user_model.objects.get(pk=user.pk)
    assert again.has_perm("kb.change_notificationrule")
    assert not again.has_perm("kb.change_rule")
