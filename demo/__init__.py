"""A shop to try the product with: services, a history of incidents, telemetry with faults."""
