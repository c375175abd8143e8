"""Locks by name, shared by the copies of a client: calls that would create the same object wait for each other."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from weakref import WeakValueDictionary

from attrs import field, frozen

MEMORY: Final = 10.0  # seconds for which a list may not show yet what was just created


@frozen(eq=False)
class Locks:
    """Hands out one `asyncio.Lock` per key for as long as somebody holds or awaits it."""

    _by_key: WeakValueDictionary[tuple[str | None, ...], asyncio.Lock] = field(
        factory=WeakValueDictionary[tuple[str | None, ...], asyncio.Lock]
    )

    _created: dict[tuple[str | None, ...], tuple[float, Any]] = field(
        factory=dict[tuple[str | None, ...], tuple[float, Any]]
    )

    def remember(self, key: tuple[str | None, ...], value: Any, now: float) -> None:
        """Note what was created under a key, since lists may lag behind writes."""
        self._created[key] = now + MEMORY, value

    def recall(self, key: tuple[str | None, ...], now: float) -> Any:
        """Return what was created under a key a moment ago, or `None`."""
        expires, value = self._created.get(key, (now, None))
        if expires <= now:
            self._created.pop(key, None)
            return None
        return value

    def forget(self) -> None:
        """Drop all that is remembered: something was deleted."""
        self._created.clear()

    def get(self, *key: str | None) -> asyncio.Lock:
        """Return the lock of `key`."""
        lock = self._by_key.get(key)
        if lock is None:
            lock = self._by_key[key] = asyncio.Lock()
        return lock
