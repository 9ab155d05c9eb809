"""The practice around incidents: objectives, readiness, onboarding, records, the practice map."""
