"""Sign-in, and the pages and API of people, teams, roles and tokens."""
