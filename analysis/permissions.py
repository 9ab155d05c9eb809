"""Who may set up sources. What evidence and suggestions show is asked of the packages below."""

from __future__ import annotations

MANAGE_SOURCES = "analysis.change_source"
