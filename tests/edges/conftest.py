from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.db import connection, transaction

from tests.edges.world import fill

OURS = ("incidents", "kb", "analysis", "practice", "people", "auth")


@pytest.fixture(scope="package")
def person(django_db_setup: None, django_db_blocker: Any) -> Iterator[User]:
    """An administrator, with one record of every kind; their numbers begin at 1."""
    with django_db_blocker.unblock(), transaction.atomic():
        models = [model for app in OURS for model in apps.get_app_config(app).get_models()]
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)
        made = get_user_model().objects.create_superuser("root", "root@example.org", "pass")
        fill(made)
        yield made
        transaction.set_rollback(True)
