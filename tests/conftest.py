"""What several rooms' tests share."""

import attrs
import pytest
from hypothesis import settings

# The same examples every time, and no limit by the clock: a busy machine is no defect.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture
def quick():
    """Turn a client into one whose pauses between attempts take no time."""

    async def no_time(_):
        return None

    def make(coggno):
        copy = coggno.with_options()
        copy._init(attrs.evolve(copy._session, sleep=no_time), owner=False)
        return copy

    return make
