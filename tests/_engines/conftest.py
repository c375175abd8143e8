"""What the engines' tests share."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True)
def _nothing_is_left_open():
    """What is left open warns in its own test, and a warning is an error."""
    yield
    gc.collect()
    gc.freeze()  # so that the next collection does not go through everything again


@pytest.fixture(autouse=True, scope="package")
def _thaw():
    yield
    gc.unfreeze()
