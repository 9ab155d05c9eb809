"""Signing in, one's own account, and the pages and API of people, teams, roles and tokens."""
