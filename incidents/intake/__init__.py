"""Deliveries of senders: received, stored, processed.

`new_slug` is named here by migration 0003.
"""

from incidents.models.integration import new_slug

__all__ = ["new_slug"]
