"""No engine sends a request a second time of its own accord, whatever it is and on whatever connection it is lost."""

import asyncio

import pytest

from coggno import APIConnectionError

from .bench import bench, warm
from .kinds import on_every_engine
from .server import close, read, read_head, reset, respond

ENDINGS = [(read_head, close), (read_head, reset), (read, close), (read, reset), (close,), (reset,)]


def name(steps):
    return " ".join(step.__name__ for step in steps)


@on_every_engine
@pytest.mark.parametrize("ending", ENDINGS, ids=name)
@pytest.mark.parametrize("method", ["create", "get", "delete"])
@pytest.mark.parametrize("used", [False, True], ids=["new connection", "used connection"])
async def test_a_lost_request_is_not_sent_again(kind, ending, method, used):
    script = (read, respond, *ending) if used else ending
    async with bench(kind, script, trouble=warm if used else None) as this:
        seen = this.server.connections
        if used and ending[0] in {close, reset}:
            assert (await getattr(this, method)()).status == 200  # the loss was noticed: a new connection, once
            assert this.server.connections == seen + 1
            return
        with pytest.raises(APIConnectionError) as caught:
            await getattr(this, method)()
        assert caught.value.outcome == "unknown"
        assert len(this.server.heads) == (0 if ending[0] in {close, reset} else 1)
        assert this.server.connections == max(seen, 1)


@on_every_engine
async def test_connection_closed_meanwhile_is_replaced(kind):
    """Ten calls, and the server closes after every response without saying so."""
    async with bench(kind, *[(read, respond, close)] * 10, max_retries=0) as this:
        for number in range(10):
            for _ in range(5):
                await asyncio.sleep(0)  # the close is noticed
            await this.coggno.users.create(
                email="x@x.example", first_name="x", last_name="x", password="s3cret-word", login=f"u{number}"
            )
        assert this.server.methods == " ".join(["POST"] * 10)
        assert this.server.effects == [f"made u{number}" for number in range(10)]
