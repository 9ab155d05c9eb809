"""What tests that try every field have in common."""

from __future__ import annotations

import os

import pytest

EVERY_FIELD = [
    pytest.mark.django_db,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not os.environ.get("CAUSEBOOK_TEST_EVERY_FIELD"),
        reason="It takes minutes: set CAUSEBOOK_TEST_EVERY_FIELD=1.",
    ),
]
