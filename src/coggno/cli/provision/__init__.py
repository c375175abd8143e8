"""One run of `coggno provision`: its files, the run itself, the dry run and the summary."""
