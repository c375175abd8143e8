"""A cluster of three workers that have the key of the sandbox, and a sandbox."""

import distributed
import pytest

from coggno.sandbox import Sandbox, ServerThread
from tests.helpers.dask_cluster import dask_cluster
from tests.provisioning.helpers import KEY


@pytest.fixture(scope="package")
def cluster():
    with dask_cluster(COGGNO_API_KEY=KEY) as cluster:
        yield cluster


@pytest.fixture
def dask(cluster):
    """A synchronous client."""
    client = distributed.Client(cluster, set_as_default=False)
    yield client
    client.close()


@pytest.fixture
def sandbox():
    return Sandbox(keys=[KEY])


@pytest.fixture
def address(sandbox):
    with ServerThread(sandbox) as url:
        yield url
