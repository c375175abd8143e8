"""Strangers as witnesses: tools of others that judge the spec, the client and the sandbox."""
