from __future__ import annotations

from tests.kb.chatops.conftest import linked, slack

__all__ = ["linked", "slack"]
