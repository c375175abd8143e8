"""What commands name on their command line: users, groups, documents; and what is said of one that does not exist."""
