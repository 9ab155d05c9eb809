"""Backups: one file with the database and what it needs elsewhere, and the way back."""
