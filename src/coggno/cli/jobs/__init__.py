"""Submitted jobs on the command line: submitting, carrying out, showing, and writing their files."""
