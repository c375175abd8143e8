"""Submitted jobs in the database: their rows and tables, and the connection of a worker."""
