"""What `coggno report` does: read, write files, show counts."""
