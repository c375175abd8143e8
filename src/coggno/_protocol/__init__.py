"""How requests become bytes and responses become models: pure, no I/O."""
