"""How much of the long tests runs: a short form in CI, all of it with CAUSEBOOK_TEST_LOAD=1."""

from __future__ import annotations

import os

LONG = os.environ.get("CAUSEBOOK_TEST_LOAD") == "1"


def examples(many: int) -> int:
    """How many random examples a test takes that has rarely found anything after the first few."""
    return many if LONG else many // 2
