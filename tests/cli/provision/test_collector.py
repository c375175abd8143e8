"""The garbage collector begins less often during a run, and is as it was after it."""

from __future__ import annotations

import gc

import pytest

from coggno.cli.provision.collector import fewer_collections


@pytest.fixture(autouse=True)
def thresholds():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_collector_is_as_before_after_the_run():
    gc.set_threshold(500, 7, 9)
    with pytest.raises(ZeroDivisionError), fewer_collections():
        assert gc.get_threshold()[0] == 20_000
        assert gc.get_threshold()[1:2] == (7,)
        assert gc.get_freeze_count() > 0
        raise ZeroDivisionError
    assert gc.get_threshold()[:2] == (500, 7)
    assert gc.get_freeze_count() == 0


def test_garbage_of_a_run_is_still_collected():
    class Node:
        pass

    with fewer_collections():
        collections = sum(generation["collections"] for generation in gc.get_stats())
        for _ in range(30_000):
            node = Node()
            node.itself = node
        assert sum(generation["collections"] for generation in gc.get_stats()) > collections


def test_collector_that_is_off_stays_off():
    gc.set_threshold(0)
    with fewer_collections():
        assert gc.get_threshold()[0] == 0
