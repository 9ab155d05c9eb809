"""Plug-ins that read summaries of load tests, one file each."""

from __future__ import annotations

from functools import cache

from common.plugins import find_plugins
from practice.load_tests.base import LoadTestReader


@cache
def registry() -> dict[str, type[LoadTestReader]]:
    return find_plugins(__name__, __path__, LoadTestReader)
