"""Provisioning as a web page, with FastAPI: drop a roster, watch the bar, download the results.

    export COGGNO_API_KEY=...
    uvicorn examples.provisioning_web.fastapi_app:app

With `PROVISIONING_JOURNAL=postgresql://user@host/database`, any number of these share the work and the pages.

Put your own login in front of it: whoever can reach the page can create users.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Form, HTTPException, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.background import BackgroundTask

from coggno import AsyncCoggno
from coggno.provisioning import JournalError, RosterError
from examples.provisioning_web.events import WebJob, WebJobs, events
from examples.provisioning_web.jobs import ProvisioningJobs

PAGE: Final = Path(__file__).with_name("page.html")
LARGEST: Final = 20_000_000  # bytes of an upload; 200,000 rows of usual length


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep one client, and end the jobs in order."""
    async with AsyncCoggno() as coggno:
        app.state.jobs = jobs = _jobs(coggno)
        await jobs.open()
        try:
            yield
        finally:
            await jobs.close()


def _jobs(coggno: AsyncCoggno) -> WebJobs:
    database = os.environ.get("PROVISIONING_JOURNAL")
    if database is None:
        return ProvisioningJobs(coggno, Path(os.environ.get("PROVISIONING_FOLDER", "provisioning-runs")))
    # Imported late: it needs the extra `postgres`.
    from examples.provisioning_web.replicas import ReplicatedJobs

    return ReplicatedJobs(coggno, database, lease=float(os.environ.get("PROVISIONING_LEASE", "15")))


app = FastAPI(lifespan=lifespan)


@app.exception_handler(JournalError)
async def database_failed(_: Request, error: Exception) -> JSONResponse:
    """Report a database that does not respond; its workers wait for it."""
    return JSONResponse({"detail": str(error)}, status_code=503)


def all_jobs(request: Request) -> WebJobs:
    """Return the jobs of the application."""
    jobs: WebJobs = request.app.state.jobs
    return jobs


Jobs = Annotated[WebJobs, Depends(all_jobs)]


async def one_job(run: str, jobs: Jobs) -> WebJob:
    """Return the job that the address names."""
    job = await jobs.get(run)
    if job is None:
        raise HTTPException(404, "There is no such run.")
    return job


Job = Annotated[WebJob, Depends(one_job)]


@app.get("/")
async def page() -> FileResponse:
    """Show the page."""
    return FileResponse(PAGE, media_type="text/html")


@app.post("/runs", status_code=202)
async def start(roster: UploadFile, jobs: Jobs, *, passwords: Annotated[bool, Form()] = False) -> dict[str, Any]:
    """Take a roster, check it, and carry it out in the background."""
    if (roster.size or 0) > LARGEST:
        raise HTTPException(413, f"The file is larger than {LARGEST:,} bytes. Split the roster.")
    try:
        job = await jobs.start(roster.file, makes_passwords=passwords)
    except RosterError as error:
        raise HTTPException(422, str(error)) from None
    return await job.snapshot()


@app.get("/runs/{run}")
async def show(job: Job) -> dict[str, Any]:
    """Return how far a run is."""
    return await job.snapshot()


@app.get("/runs/{run}/events")
async def follow(job: Job) -> StreamingResponse:
    """Report how far a run is as server-sent events, until it ends."""
    # Proxies such as nginx would keep events until there are enough of them.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(job), media_type="text/event-stream", headers=headers)


@app.post("/runs/{run}/stop", status_code=202)
async def stop(job: Job) -> dict[str, Any]:
    """End a run early; the same roster uploaded again continues it."""
    await job.stop("stopped by a person")
    return await job.snapshot()


@app.get("/runs/{run}/{file}")
async def download(run: str, file: str, jobs: Jobs) -> FileResponse:
    """Return a file of a run that has ended."""
    path = await jobs.file(run, file)
    if path is None:
        raise HTTPException(404, "There is no such file.")
    headers = {"Cache-Control": "no-store"}
    sent = BackgroundTask(jobs.release, path)
    return FileResponse(path, media_type="text/csv", filename=file, headers=headers, background=sent)


@app.delete("/runs/{run}", status_code=204)
async def delete(run: str, jobs: Jobs) -> None:
    """Delete the files of a run that has ended: they have people's names, and perhaps passwords."""
    if not await jobs.delete(run):
        raise HTTPException(409, "The run has not ended, or there is none.")
