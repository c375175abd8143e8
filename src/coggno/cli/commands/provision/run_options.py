"""The options that say how fast a run goes, how long it waits, and whom it removes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer
from attrs import evolve

from coggno.cli.arguments.user_file import read_users
from coggno.cli.client_settings import ClientSettings
from coggno.cli.exit_codes import CommandError
from coggno.cli.option_groups import option_group
from coggno.cli.options import Yes, positive_number, whole_number

if TYPE_CHECKING:
    from coggno.provisioning import Removals, RunOptions

_SCOPES: Final = ("members", "users")
_MOST: Final = 100  # removals
_SHARE: Final = 0.1  # of those who are there

Concurrency: TypeAlias = Annotated[
    int,
    typer.Option(
        "--concurrency",
        metavar="N",
        parser=whole_number(1, 1000),
        help="Rows in progress at the same time, 1 to 1000.",
    ),
]
Rate: TypeAlias = Annotated[
    float | None,
    typer.Option("--rate", metavar="N", parser=positive_number, help="Send at most N requests per second."),
]
Patience: TypeAlias = Annotated[
    float,
    typer.Option(
        "--patience",
        metavar="SECONDS",
        parser=positive_number,
        help="Wait for an API that is down or overloaded; stop when no row could be finished for so long.",
    ),
]
SettleTime: TypeAlias = Annotated[
    float,
    typer.Option(
        "--settle-time",
        metavar="SECONDS",
        parser=positive_number,
        help=(
            "How long a request whose response was lost may still be carried out; only then is it repeated. Longer "
            "than any request takes the server."
        ),
    ),
]
Timeout: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        parser=positive_number,
        help="Time limit for one attempt of a request.",
    ),
]
MaxRetries: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-retries",
        metavar="N",
        parser=whole_number(0),
        help="Repeat a request that reads users and groups up to N times; rows are repeated until --patience ends.",
    ),
]


def _removal_scope(text: str) -> str:
    if text not in _SCOPES:
        raise typer.BadParameter(f"must be members or users, not '{text}'.")
    return text


def _complete_scope(incomplete: str) -> list[str]:
    return [scope for scope in _SCOPES if scope.startswith(incomplete)]


def _share(text: str) -> float:
    """Parse a share, such as `10%` or `0.1`."""
    shown = str(text)  # typer passes the default through the parser as well
    try:
        number = float(shown.removesuffix("%")) / (100 if shown.endswith("%") else 1)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise typer.BadParameter(f"must be a share between 0% and 100%, such as 10% or 0.1, not '{shown}'.")
    return number


RemoveMissing: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--remove-missing",
        metavar="SCOPE",
        parser=_removal_scope,
        autocompletion=_complete_scope,
        help=(
            "Also remove who is not in the roster. members: from the groups of the roster, members who are not in it. "
            "users: from the company, for good, all users who are not in it."
        ),
    ),
]
MaxRemovals: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-removals",
        metavar="N",
        parser=whole_number(0),
        show_default=str(_MOST),
        help="Remove nobody if it would be more than N.",
    ),
]
MaxRemovalsShare: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--max-removals-share",
        metavar="SHARE",
        parser=_share,
        show_default=f"{_SHARE:.0%}",
        help="Remove nobody if it would be more than this share of those who are there.",
    ),
]
ProtectFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--protect",
        metavar="FILE",
        help="Never remove the users in FILE: one login per line, or CSV with a column login.",
    ),
]


@option_group
class PaceOptions:
    """How fast a run goes, and how long it waits."""

    concurrency: Concurrency = 16
    rate: Rate = None
    patience: Patience = 900
    settle_time: SettleTime = 60
    timeout: Timeout = None
    max_retries: MaxRetries = None

    def run_options(self) -> RunOptions:
        """Return how a run proceeds."""
        from coggno.provisioning import RunOptions

        return RunOptions(
            concurrency=self.concurrency, rate=self.rate, patience=self.patience, settle_time=self.settle_time
        )

    def client_settings(self, settings: ClientSettings) -> ClientSettings:
        """Return the settings of a client, with the limits that were given."""
        return evolve(settings, timeout=self.timeout, max_retries=self.max_retries)


@option_group
class RemovalOptions:
    """Whom a run removes."""

    remove_missing: RemoveMissing = None
    max_removals: MaxRemovals = None
    max_removals_share: MaxRemovalsShare = None
    protect: ProtectFile = None
    yes: Yes = False

    def removals(self) -> Removals | None:
        """Return who is removed; `None` for nobody.

        Raises:
            CommandError: the file of protected users cannot be used.
        """
        from coggno.provisioning import Removals

        if self.remove_missing is None:
            if alone := self._given():
                raise CommandError(f"{alone} works only together with --remove-missing.")
            return None
        protected = [] if self.protect is None else read_users(self.protect, are_logins=True)
        scope: Any = self.remove_missing
        return Removals(
            scope=scope,
            max_count=_MOST if self.max_removals is None else self.max_removals,
            max_share=_SHARE if self.max_removals_share is None else self.max_removals_share,
            protect=frozenset(user.text for user in protected),
        )

    def _given(self) -> str | None:
        """Return the first option that was given and means nothing without `--remove-missing`."""
        options = {
            "--protect": self.protect,
            "--max-removals": self.max_removals,
            "--max-removals-share": self.max_removals_share,
        }
        return next((name for name, value in options.items() if value is not None), None)
