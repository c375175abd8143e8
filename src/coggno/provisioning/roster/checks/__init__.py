"""What is wrong with rows, or looks damaged. Pure."""
