"""Lists on standard output: which rows and columns, in which order and form, and the pager for long ones."""
