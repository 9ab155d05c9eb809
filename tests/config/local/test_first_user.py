"""The first administrator has a generated password, to be changed by whoever signs in with it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from accounts.sign_in import first_password
from config.local.prepare_database import FIRST_PASSWORD, _first_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("demo", [False, True])
def test_its_password_is_for_the_owner_of_the_folder_and_to_be_changed(
    demo: bool, tmp_path: Path
) -> None:
    for _ in range(2):
        _first_user(tmp_path, demo=demo)
        file = tmp_path / FIRST_PASSWORD
        admin = User.objects.get()
        assert admin.check_password(file.read_text())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert first_password.must_change(admin) is not demo


def test_its_file_is_removed_once_the_password_is_another(tmp_path: Path) -> None:
    _first_user(tmp_path, demo=False)
    admin = User.objects.get()
    first_password.changed(admin)
    admin.set_password("quiet-otters-swim-at-nine")
    admin.save()
    _first_user(tmp_path, demo=False)
    assert not (tmp_path / FIRST_PASSWORD).exists()
    assert not first_password.must_change(admin)
