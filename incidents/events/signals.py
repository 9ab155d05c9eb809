"""How `incidents` tells the world; `kb` and `analysis` listen. Sent after commit.

Each signal carries `incident`. Receivers must be quick and may be lost: whoever needs an
effect for certain also looks in the database (see analysis.tasks.sweep).
"""

from django.dispatch import Signal

incident_filed = Signal()
incident_changed = Signal()
incident_resolved = Signal()
alert_received = Signal()
