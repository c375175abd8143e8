"""Where a plan's requests go: the API's address, the key and its mode, the company."""

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
        account: what tells the keys of accounts apart, see `AsyncCoggno.account`.
    """

    address: str
    account: str
    mode: str | None = None
    company: str | None = None

    @classmethod
    def of(cls, client: ProvisioningClient) -> PlanTarget:
        """Return where the requests of a client go."""
        return cls(address=client.base_url, account=client.account, mode=client.mode, company=client.lms)

    def difference(self, other: PlanTarget) -> str | None:
        """Return how another target differs from this one, in words, or `None` if it is the same."""
        if self.mode != other.mode:
            return f"it was made with a {self.mode or 'custom'} key, and this is a {other.mode or 'custom'} key"
        if self.address != other.address:
            return f"it was made for {self.address}, and this is {other.address}"
        if self.company != other.company:
            return f"it was made for {_company(self.company)}, and this is {_company(other.company)}"
        if self.account != other.account:
            # Two keys of one mode may be of two companies, in which the same people would be created.
            return "it was made with another API key"
        return None


def _company(company: str | None) -> str:
    return "the company of the key" if company is None else f"company {company}"
