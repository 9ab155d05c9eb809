"""Notices on the devices of people, by Web Push."""
