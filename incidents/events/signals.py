"""Signals of incidents, sent after commit; `analysis` and `practice` listen.

Each signal but the last carries `incident`. Receivers must be quick and a signal may get lost when
a process dies: a receiver whose effect must happen also has a periodic task that reads the
database.
"""

from django.dispatch import Signal

incident_filed = Signal()
"""A new incident was written, by whatever channel; not for imported history."""
service_joined = Signal()
"""A service was added to an incident that is open; carries `service` too."""
visibility_changing = Signal()
"""An incident becomes private or public; carries `author` and `open_related`, whether what was made
from it becomes public too. Sent inside the transaction: a receiver refuses by ValidationError."""
incident_resolved = Signal()
"""An incident moved to resolved, or was filed as resolved."""
similarity_fields_changed = Signal()
"""Which custom fields feed similarity changed."""
