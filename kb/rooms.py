"""Migration 0004 names `new_slug` here."""

from kb.models.chat import new_slug

__all__ = ["new_slug"]
