"""Parts that are measured by themselves: what a journal costs, and how long a run waits for an API in trouble."""
