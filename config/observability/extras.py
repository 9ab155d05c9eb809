"""Settings that need packages which only some installations have."""

from __future__ import annotations

from typing import NoReturn


def not_installed(setting: str, error: ImportError) -> NoReturn:
    raise SystemExit(
        f"{setting} is set, but {error.name or error} is not installed: "
        "pip install --require-hashes -r requirements-observability.txt, or unset it."
    ) from error
