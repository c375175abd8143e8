"""What the operating system knows of a socket."""

from __future__ import annotations

import select


def is_readable(number: int) -> bool:
    """Return whether a read from a socket would not wait: something was received, or it is closed or broken.

    Args:
        number: its file descriptor.
    """
    if number < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()  # select() fails on file descriptors from 1024 on
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))
