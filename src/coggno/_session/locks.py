"""Locks by name, shared by the copies of a client: calls that would create the same object wait for each other."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from attrs import field, frozen


@frozen(eq=False)
class Locks:
    """Hands out one `asyncio.Lock` per key for as long as somebody holds or awaits it."""

    _by_key: WeakValueDictionary[tuple[str | None, ...], asyncio.Lock] = field(
        factory=WeakValueDictionary[tuple[str | None, ...], asyncio.Lock]
    )

    def get(self, *key: str | None) -> asyncio.Lock:
        """Return the lock of `key`."""
        lock = self._by_key.get(key)
        if lock is None:
            lock = self._by_key[key] = asyncio.Lock()
        return lock
