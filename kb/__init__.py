"""What we know: causes, what links them to incidents, and postmortems."""
