"""`AsyncCoggno` joins the client with what stands above it; its copies do as well."""

from coggno import AsyncCoggno
from coggno.sandbox import Sandbox
from tests.provisioning.helpers import client_of


def test_copies_are_of_the_same_class():
    """A copy for a company or with other options can provision like the original."""
    coggno = AsyncCoggno("test_0123456789")
    assert type(coggno.as_company(3)) is AsyncCoggno
    assert type(coggno.with_options(max_retries=0)) is AsyncCoggno


async def test_provision_is_a_method():
    row = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": "s3cret-word"}
    async with client_of(Sandbox()) as coggno:
        assert [result.outcome.value async for result in coggno.provision([row])] == ["created"]
