"""What happened: services, incidents, alerts, changes and their timeline."""
