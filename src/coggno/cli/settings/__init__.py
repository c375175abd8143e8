"""Profiles: which server, which company and which key a command works with, without typing it each time."""
