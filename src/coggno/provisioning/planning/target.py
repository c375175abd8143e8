"""Where a plan's requests go: the API's address, the mode of the key, the company."""

from __future__ import annotations

from attrs import frozen

from coggno.provisioning.client import ProvisioningClient


@frozen(kw_only=True)
class PlanTarget:
    """Where a plan's requests go.

    Attributes:
        address: of the API.
        mode: `"test"` or `"live"`, as the key begins; `None` for a key that begins with neither.
        company: id of the connected company that the client acts for; `None` for that of the key.
    """

    address: str
    mode: str | None = None
    company: str | None = None

    @classmethod
    def of(cls, client: ProvisioningClient) -> PlanTarget:
        """Return where the requests of a client go."""
        return cls(address=client.base_url, mode=client.mode, company=client.lms)

    def difference(self, other: PlanTarget) -> str | None:
        """Return how another target differs from this one, in words, or `None` if it is the same."""
        if self.mode != other.mode:
            return f"it was made with a {self.mode or 'custom'} key, and this is a {other.mode or 'custom'} key"
        if self.address != other.address:
            return f"it was made for {self.address}, and this is {other.address}"
        if self.company != other.company:
            return f"it was made for {_company(self.company)}, and this is {_company(other.company)}"
        return None


def _company(company: str | None) -> str:
    return "the company of the key" if company is None else f"company {company}"
