"""Causebook's command line and MCP server: both talk to the REST API and nothing else."""
