"""Causebook's command line and its server for assistants; they use the REST API only."""

__version__ = "0.2.0"
