"""Provisioning as a web page, with aiohttp: drop a roster, watch the bar, download the results.

    export COGGNO_API_KEY=...
    python -m aiohttp.web -P 8000 examples.provisioning_web.aiohttp_app:create_app

Put your own login in front of it: whoever can reach the page can create users.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from aiohttp import web

from coggno import AsyncCoggno
from coggno.provisioning import RosterError
from examples.provisioning_web.events import events
from examples.provisioning_web.jobs import ProvisioningJob, ProvisioningJobs

PAGE: Final = Path(__file__).with_name("page.html")
LARGEST: Final = 20_000_000  # bytes of an upload; 200,000 rows of usual length
JOBS: Final = web.AppKey("jobs", ProvisioningJobs)

routes = web.RouteTableDef()


def create_app(_: Sequence[str] | None = None) -> web.Application:
    """Return the application.

    Args:
        _: arguments of the command line, which `python -m aiohttp.web` passes on.
    """
    app = web.Application(client_max_size=LARGEST)
    app.cleanup_ctx.append(_with_client)
    app.on_shutdown.append(_stop_jobs)
    app.add_routes(routes)
    return app


async def _with_client(app: web.Application) -> AsyncIterator[None]:
    async with AsyncCoggno() as coggno:
        app[JOBS] = ProvisioningJobs(coggno, Path(os.environ.get("PROVISIONING_FOLDER", "provisioning-runs")))
        yield


async def _stop_jobs(app: web.Application) -> None:
    # While connections are still open: a browser that watches gets the last snapshot.
    await app[JOBS].close()


@routes.get("/")
async def page(_: web.Request) -> web.FileResponse:
    """Show the page."""
    return web.FileResponse(PAGE)


@routes.post("/runs")
async def start(request: web.Request) -> web.Response:
    """Take a roster, check it, and carry it out in the background."""
    form = await request.post()
    roster = form.get("roster")
    if not isinstance(roster, web.FileField):
        return _problem(422, "The form has no file named roster.")
    try:
        job = await request.app[JOBS].start(roster.file, makes_passwords=form.get("passwords") == "true")
    except RosterError as error:
        return _problem(422, str(error))
    return web.json_response(await job.snapshot(), status=202)


@routes.get("/runs/{run}")
async def show(request: web.Request) -> web.Response:
    """Return how far a run is."""
    job = await _job(request)
    return _problem(404, "There is no such run.") if job is None else web.json_response(await job.snapshot())


@routes.get("/runs/{run}/events")
async def follow(request: web.Request) -> web.StreamResponse:
    """Report how far a run is as server-sent events, until it ends."""
    job = await _job(request)
    if job is None:
        return _problem(404, "There is no such run.")
    # Proxies such as nginx would keep events until there are enough of them.
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    async for event in events(job):
        await response.write(event.encode())
    return response


@routes.post("/runs/{run}/stop")
async def stop(request: web.Request) -> web.Response:
    """End a run early; the same roster uploaded again continues it."""
    job = await _job(request)
    if job is None:
        return _problem(404, "There is no such run.")
    await job.stop("stopped by a person")
    return web.json_response(await job.snapshot(), status=202)


@routes.get("/runs/{run}/{file}")
async def download(request: web.Request) -> web.StreamResponse:
    """Return a file of a run that has ended."""
    name = request.match_info["file"]
    path = await request.app[JOBS].file(request.match_info["run"], name)
    if path is None:
        return _problem(404, "There is no such file.")
    disposition = f'attachment; filename="{name}"'
    headers = {"Content-Type": "text/csv", "Content-Disposition": disposition, "Cache-Control": "no-store"}
    return web.FileResponse(path, headers=headers)


@routes.delete("/runs/{run}")
async def delete(request: web.Request) -> web.Response:
    """Delete the files of a run that has ended: they have people's names, and perhaps passwords."""
    if not await request.app[JOBS].delete(request.match_info["run"]):
        return _problem(409, "The run has not ended, or there is none.")
    return web.Response(status=204)


async def _job(request: web.Request) -> ProvisioningJob | None:
    return await request.app[JOBS].get(request.match_info["run"])


def _problem(status: int, message: str) -> web.Response:
    # As FastAPI has it, so that one page serves both.
    return web.json_response({"detail": message}, status=status)
