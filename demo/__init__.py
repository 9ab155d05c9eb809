"""A world to try the product on: a shop with services, a history, and telemetry with faults."""
