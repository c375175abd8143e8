"""A plan in a file: what somebody has looked at and agreed to is what is carried out later, or nothing.

A file does not hold the steps. It holds what they were made from, as digests: the roster, where the requests go, and
what was found there. To carry it out, the plan is made again and has to come to the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import asdict, evolve, frozen

from coggno import testing
from coggno._protocol.json import is_object
from coggno.provisioning.client import ProvisioningClient
from coggno.provisioning.errors import PlanError, RosterError
from coggno.provisioning.options import Removals, RunOptions
from coggno.provisioning.outcomes import RowResult
from coggno.provisioning.planning.counts import PlanCounts
from coggno.provisioning.planning.leavers import Leaver
from coggno.provisioning.planning.plan import Plan, make_plan
from coggno.provisioning.planning.target import PlanTarget
from coggno.provisioning.requests.sender import Clock, Sleep
from coggno.provisioning.roster import Roster, RosterOptions, read_roster
from coggno.provisioning.safe_file import replacing

_FORMAT: Final = "coggno plan"
_VERSION: Final = 2


@frozen(kw_only=True)
class PlanFile:
    """A saved plan.

    Attributes:
        target: where its requests go.
        roster: name of the roster.
        roster_path: absolute path of the roster; `None` where it did not come from a file.
        roster_digest: of the roster, in hexadecimal digits.
        settings: how the roster was read.
        rows: how many rows the roster has.
        makes_passwords: whether passwords are generated for new users without one.
        removals: who is to be removed or deleted; `None` for nobody.
        state: digest of what is to be done, hence of all that matters of what was found on the server.
        summary: what the plan comes to, for people.
        leavers: digests of whom it removes or deletes.
        saved_at: when it was made, in seconds since the epoch.
        protect_path: absolute path of the file that the protected logins came from, if they came from one.
    """

    target: PlanTarget
    roster: str
    roster_path: str | None
    roster_digest: str
    settings: Mapping[str, Any]
    rows: int
    makes_passwords: bool
    removals: Removals | None
    state: str
    summary: Mapping[str, int]
    leavers: Sequence[str]
    saved_at: float
    protect_path: str | None = None

    @classmethod
    def of(
        cls,
        plan: Plan,
        *,
        protect_path: str | os.PathLike[str] | None = None,
        now: Callable[[], float] = time.time,
    ) -> PlanFile:
        """Return what a file says of a plan.

        Args:
            plan: as `make_plan` returns it.
            protect_path: the file that the protected logins came from, if they came from one.
            now: seconds since the epoch.

        Raises:
            PlanError: the plan was not made by `make_plan`.
        """
        if plan.target is None:
            raise PlanError("This plan says nothing of where its requests go: make it with make_plan().")
        roster = plan.roster
        return cls(
            target=plan.target,
            roster=roster.name,
            roster_path=None if roster.path is None else str(roster.path),
            roster_digest=roster.digest.hex(),
            settings=roster.settings,
            rows=len(roster.rows),
            makes_passwords=plan.makes_passwords,
            removals=plan.leavers.removals if plan.leavers is not None else None,
            state=_state(plan),
            summary=_summary(plan),
            leavers=[] if plan.leavers is None else sorted(map(_leaver_digest, plan.leavers.found)),
            saved_at=now(),
            protect_path=None if protect_path is None else str(Path(protect_path).absolute()),
        )

    @property
    def id(self) -> str:
        """What tells this plan from any other one."""
        return hashlib.sha256(f"{self.roster_digest} {self.state} {self.saved_at}".encode()).hexdigest()[:32]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> PlanFile:
        """Read a saved plan.

        Raises:
            PlanError: the file cannot be read, or is no plan of this version.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise PlanError(f"The plan {path} cannot be read: {error.strerror or error}.") from None
        except (ValueError, RecursionError):
            raise PlanError(f"{path} is not a plan: it is not JSON.") from None
        if not is_object(data) or data.get("format") != _FORMAT:
            raise PlanError(f"{path} is not a plan that was saved by coggno.")
        if data.get("version") != _VERSION:
            raise PlanError(f"{path} was saved by another version of coggno. Make the plan again.")
        try:
            return _from_json(data)
        except Exception:  # noqa: BLE001 - cattrs raises whatever a value of another type leads to
            raise PlanError(f"{path} is damaged. Make the plan again.") from None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the plan to a file, whole or not at all.

        Raises:
            RosterError: the file cannot be written.
        """
        with replacing(Path(path), encoding="utf-8", errors="strict") as file:
            json.dump(_to_json(self), file, indent=2)
            file.write("\n")

    def read_roster(self) -> Roster:
        """Read the plan's roster again, as it was read for the plan.

        Raises:
            PlanError: the roster did not come from a file, is gone, or has changed.
        """
        if self.roster_path is None:
            raise PlanError("The roster of this plan did not come from a file: give it again.")
        try:
            roster = read_roster(self.roster_path, RosterOptions(**self.settings))
        except RosterError as error:
            raise PlanError(f"The roster of this plan cannot be read: {error}") from error
        self.check_roster(roster)
        return roster

    def check_roster(self, roster: Roster) -> None:
        """Return if the plan was made for this roster.

        Raises:
            PlanError: it was made for another one, or the roster was edited since.
        """
        if roster.digest.hex() != self.roster_digest:
            raise PlanError(
                f"{roster.name} is not as it was when the plan was made, or is read with other options. "
                "Make the plan again."
            )

    def check_client(self, client: ProvisioningClient, *, accepts_new_key: bool = False) -> None:
        """Return if the plan's requests go where this client sends them.

        Args:
            client: will send them.
            accepts_new_key: whether another key belongs to the same account, as after it was renewed.

        Raises:
            PlanError: the key is another one or for the other mode, or address or company is another one.
        """
        target = PlanTarget.of(client)
        difference = self.target.difference(evolve(target, account=self.target.account) if accepts_new_key else target)
        if difference is not None:
            raise PlanError(f"The plan does not fit: {difference}. Nothing was changed.")

    def leave_out_others(self, plan: Plan) -> None:
        """Leave out of a plan for the same roster all removals that are not in this one: nobody has agreed to them.

        Args:
            plan: made anew, as for a run that continues.
        """
        if plan.leavers is not None:
            agreed = frozenset(self.leavers)
            plan.leavers.found = [each for each in plan.leavers.found if _leaver_digest(each) in agreed]
            plan.leavers.count = len(plan.leavers.found)

    async def make_again(
        self,
        client: ProvisioningClient,
        options: RunOptions = RunOptions(),  # noqa: B008 - frozen
        roster: Roster | None = None,
        *,
        clock: Clock = testing.clock,
        sleep: Sleep = testing.sleep,
    ) -> Plan:
        """Return the plan, ready to be carried out, if it still comes to the same.

        Args:
            client: reads what exists.
            options: how the plan is made; the removals are those of the file. `recheck` accepts another key, for one
                that was renewed.
            roster: the roster; read from the plan's path if not given.
            clock: seconds that only grow.
            sleep: waits for so many seconds.

        Raises:
            PlanError: roster, company or key is another one, or what exists has changed since the plan was made.
            StoppedError: the API did not respond for as long as the patience allows.
            APIError: a list could not be read, and waiting cannot help.
        """
        self.check_client(client, accepts_new_key=options.recheck)
        if roster is None:
            roster = self.read_roster()
        else:
            self.check_roster(roster)
        options = evolve(options, removals=self.removals)
        plan = await make_plan(client, roster, options, makes_passwords=self.makes_passwords, clock=clock, sleep=sleep)
        if _state(plan) != self.state:
            raise PlanError(f"What is on the server has changed since the plan was made{self._changes(plan)}.")
        return plan

    def _changes(self, plan: Plan) -> str:
        now = _summary(plan)
        changed = [f"{name} {self.summary.get(name)} -> {count}" for name, count in now.items()]
        differing = [text for text, name in zip(changed, now, strict=True) if now[name] != self.summary.get(name)]
        return f" ({', '.join(differing)})" if differing else ""


def _summary(plan: Plan) -> dict[str, int]:
    counts: PlanCounts = plan.counts()
    return {
        "new groups": len(counts.new_groups),
        "new users": counts.new_users,
        "new memberships": counts.new_memberships,
        "removals": plan.leavers.count if plan.leavers is not None else 0,
    }


def _state(plan: Plan) -> str:
    """Return a digest of everything that a plan does, and to whom."""
    digest = hashlib.sha256()

    def add(*parts: object) -> None:
        digest.update(repr(parts).encode("utf-8", "backslashreplace"))

    for (company, name), group in sorted(plan.existing_groups.items(), key=lambda item: (item[0][0] or 0, item[0][1])):
        add("group", company, name, group.id)
    for step in plan.steps():
        if isinstance(step, RowResult):
            add(step.line, step.outcome.value, step.user_id)
        else:
            add(step.row.line, step.company, step.user_id, step.missing)
    if plan.leavers is not None:
        add(plan.leavers.obstacle, plan.leavers.count, sorted(str(leaver.id) for leaver in plan.leavers.found))
        add(sorted(str(leaver.id) for leaver, _ in plan.leavers.kept))
    return digest.hexdigest()


def _leaver_digest(leaver: Leaver) -> str:
    return hashlib.sha256(repr(leaver.id).encode()).hexdigest()[:32]


def _to_json(plan: PlanFile) -> dict[str, Any]:
    removals = plan.removals
    return {
        "format": _FORMAT,
        "version": _VERSION,
        **{name: value for name, value in asdict(plan, recurse=False).items() if name not in {"target", "removals"}},
        "target": asdict(plan.target),
        "removals": None if removals is None else {**asdict(removals), "protect": sorted(removals.protect)},
    }


def _from_json(data: Mapping[str, Any]) -> PlanFile:
    from cattrs import structure  # late: most programs save no plan

    return structure({name: value for name, value in data.items() if name not in {"format", "version"}}, PlanFile)
