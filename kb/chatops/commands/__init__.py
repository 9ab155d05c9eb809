"""The chat commands, by topic. Importing this package registers them; `help` lists them all."""

from kb.chatops.commands import account, incidents, services

__all__ = ["account", "incidents", "services"]
