"""Synthetic telemetry of a shop behind the real Prometheus and Loki HTTP APIs.

It knows services, their metrics and faults; it knows nothing of the product that queries it.
"""
