"""What a command reads from and writes to a terminal or a pipe."""
