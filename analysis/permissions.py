"""The acts of this package. Who may see evidence is decided by its incident."""

from __future__ import annotations

from people.acts import declare
from people.models import Role

PULL_EVIDENCE = declare("analysis.pull_evidence", "pull evidence and run checks", Role.RESPONDER)
PULL_BY_QUERY = declare("analysis.pull_by_query", "pull evidence by a query", Role.EDITOR)
MANAGE_SOURCES = declare("analysis.change_source", "manage sources", Role.MANAGER)
