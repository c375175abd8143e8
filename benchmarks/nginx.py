"""nginx with constant responses, on a core of its own: a server that costs little and is the same for all peers."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import machine

USER = '{"id": 17, "login": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}'

_CONF = """
daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600; sendfile on;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    default_type application/json;
    location = /empty/api/v1/groups {{ return 200 '[]'; }}
    location = /empty/api/v1/users {{
      if ($request_method = POST) {{ return 200 '{user}'; }}
      return 200 '[]';
    }}
    location = /api/v1/users {{
      if ($request_method = POST) {{ return 200 '{user}'; }}
      alias {folder}/users.json;
    }}
  }}
}}
"""


class NginxError(Exception):
    """nginx is not installed, or does not start."""


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Serve POST /api/v1/users (one user) and GET /api/v1/users (`users.json` in the folder); yield the base URL.

    Below /empty the lists are empty, for provisioning.

    Raises:
        NginxError: nginx is not installed, or does not start.
    """
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        raise NginxError("nginx is not installed; on Debian: apt-get install nginx-light")
    port = _free_port()
    conf = folder / "nginx.conf"
    conf.write_text(_CONF.format(port=port, user=USER, folder=folder))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(conf)], stderr=subprocess.DEVNULL)
    try:
        machine.pin(machine.SERVER_CORE, process.pid)
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if process.poll() is not None:
            raise NginxError(f"nginx exited with status {process.returncode} when it was started")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NginxError("nginx accepts no connections")
