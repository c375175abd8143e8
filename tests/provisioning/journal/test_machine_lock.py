"""Processes that create groups of one company keep out of each other's way."""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from coggno.provisioning.errors import JournalError
from coggno.provisioning.journal import group_lock
from coggno.provisioning.journal.locks import machine_lock

SCOPE = ("http://localhost", "7")
HOLDER = """
    import asyncio, sys
    from coggno.provisioning.journal import group_lock
    from tests.provisioning.journal.test_machine_lock import SCOPE

    async def main():
        async with group_lock(*SCOPE):
            print("held", flush=True)
            sys.stdin.readline()

    asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_lock, "root", lambda: str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


class OtherProcess:
    async def __aenter__(self):
        code = "\n".join(line[4:] for line in HOLDER.splitlines())
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert await self.process.stdout.readline() == b"held\n"
        return self.process

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()


async def test_other_process_is_waited_for():
    async with OtherProcess() as process:
        waits = 0

        async def sleep(_):
            nonlocal waits
            waits += 1
            if waits == 3:
                process.stdin.write(b"\n")
                await process.wait()

        async with group_lock(*SCOPE, sleep=sleep):
            assert waits == 3


async def test_killed_process_releases_the_lock():
    async with OtherProcess() as process:
        process.kill()
        await process.wait()
        async with group_lock(*SCOPE, sleep=pytest.fail):
            pass


async def test_other_company_does_not_wait():
    async with OtherProcess(), group_lock("http://localhost", "8", sleep=pytest.fail):
        pass


def open_files():
    """How many files this process has open, where the system says so."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


async def test_tasks_of_one_process_share_it():
    """The client itself lets one at a time create a group; a run creates hundreds, with one file open."""
    async with group_lock(*SCOPE, sleep=pytest.fail):
        before = open_files()
        async with group_lock(*SCOPE, sleep=pytest.fail), group_lock(*SCOPE, sleep=pytest.fail):
            assert open_files() == before
    assert all(shared.number is None for shared in machine_lock._locks.values())


@pytest.mark.skipif(os.name != "posix", reason="users and links")
async def test_foreign_folder_is_refused(folder):
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (folder / f"coggno-{os.getuid()}").symlink_to(elsewhere)
    with pytest.raises(JournalError, match="does not belong to this user"):
        async with group_lock(*SCOPE):
            pass


def test_this_test_run_has_locks_of_its_own(monkeypatch):
    """Two test runs on one machine do not wait for each other; every other process uses the folder of the system."""
    monkeypatch.undo()
    assert machine_lock.root() != tempfile.gettempdir()
    code = "from coggno.provisioning.journal.locks import machine_lock; print(machine_lock.root())"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == tempfile.gettempdir()
