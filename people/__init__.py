"""Who works here and what they may do: teams, roles, acts, and the audit log."""
