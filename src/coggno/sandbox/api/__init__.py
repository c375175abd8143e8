"""The API itself: reading requests, carrying operations out, writing responses. Knows nothing of faults."""
