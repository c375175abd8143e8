"""Other people's tools check the spec, the client and the sandbox."""
