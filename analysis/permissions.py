"""Who may manage sources. Who may see evidence is decided by its incident."""

from __future__ import annotations

MANAGE_SOURCES = "analysis.change_source"
