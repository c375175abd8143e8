"""The tests. Each folder mirrors one of `src/coggno`; `helpers` is shared, `interop` runs in a session of its own."""
