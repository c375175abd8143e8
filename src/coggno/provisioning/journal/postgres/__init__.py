"""Journals in a PostgreSQL database, for runs on machines that may be gone the next time (extra `postgres`)."""
