"""Each step of the protocol for lost writes is needed: without it, some test fails.

Slow, since every mutation runs those tests: only with `COGGNO_TORTURE_SEED`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = [
    "tests/provisioning/execution/test_ambiguity.py",
    "tests/provisioning/execution/test_removals.py",
    "tests/provisioning/execution/test_removal_guards.py",
    "tests/provisioning/execution/test_row_task.py",
    "tests/provisioning/test_histories.py",
]
_CREATION, _MEMBERSHIP = "execution/rows/creation.py", "execution/rows/membership.py"
_GROUPS, _REMOVALS = "execution/groups.py", "execution/removals.py"
_LEAVERS = "planning/leavers.py"
_OBJECTION = "objection = self.planned.objection() or roster_objection(plan.roster) or outcome_objection(self.counts())"
_UNKNOWN = 'self.is_in_doubt = was_in_doubt or error.outcome == "unknown"'
_SETTLED = "return self.context.clock() < group.sent_at + self.context.settle_time"
_IS_MEMBER = "if state.must_check_groups and await self._is_member(name, group, user):"
_HAS_NAMES = "if not state.person.has_names(user.first_name, user.last_name):"
_PROOF = """        try:
            await self.control_read()
        except NotFoundError:
            raise OutageError(missing.message) from missing

    async def read("""

MUTATIONS = {
    "a group in doubt is sent again at once": (_GROUPS, _SETTLED, "return False"),
    "one of several groups is taken": (_GROUPS, "if len(found) == 1:", "if found:"),
    "a creation is sent again after one look": (_CREATION, "_ABSENCES: Final = 2", "_ABSENCES: Final = 1"),
    "a timeout is not waited for": (_CREATION, "left = doubt.not_before - self.context.clock()", "left = 0.0"),
    "our own user counts as another's": (_CREATION, "state.was_created = state.may_be_created", "pass"),
    "logins are not compared": (_CREATION, "if login_key(user.login) != state.person.key:", "if False:"),
    "names are not compared": (_CREATION, _HAS_NAMES, "if False:"),
    "a taken login is not waited for": (_CREATION, "if not self.is_last_try:", "if False:"),
    "other fields are not told from the login": (_CREATION, "if _names_other_fields(refusal):", "if False:"),
    "memberships in doubt are not checked": (_MEMBERSHIP, _IS_MEMBER, "if False:"),
    "a new user is not waited for": (_MEMBERSHIP, "_PAUSES: Final = (5.0, 10.0, 30.0)", "_PAUSES: Final = ()"),
    "a 404 is believed": ("requests/sender.py", _PROOF, "        return\n\n    async def read("),
    "late arrivals are not looked for": ("execution/scheduler.py", "return is_open and", "return False and"),
    "an absent user is deleted again": (_REMOVALS, "if self.absences and self.is_in_doubt:", "if False:"),
    "an absence is believed at once": (_REMOVALS, "_ABSENCES: Final = 2", "_ABSENCES: Final = 1"),
    "a removal is never in doubt": (_REMOVALS, _UNKNOWN, "self.is_in_doubt = False"),
    "limits are not checked": (_REMOVALS, "objection = leavers.objection()", "objection = None"),
    "a removal that is cut off is never in doubt": (_REMOVALS, "        self.is_in_doubt = True\n", ""),
    "another user in the response is an absence": (
        _REMOVALS,
        "if await self.context.sender.read(self._is_listed):",
        "if False:",
    ),
    "a list settles a removal": (_REMOVALS, "is_in_doubt=known.is_open, is", "is_in_doubt=False, is"),
    "each part of a run has its limits": (_LEAVERS, "earlier = self.earlier + len(self.gone)", "earlier = 0"),
    "a refused row removes people": (_REMOVALS, _OBJECTION, "objection = None"),
    "a row that failed removes people": (_REMOVALS, " or outcome_objection(self.counts())", ""),
    "look-alikes are removed": (_LEAVERS, "if reason is None:", "if True:"),
    "protected logins of nobody are ignored": (_LEAVERS, "if not unknown:", "if True:"),
    "a small company may lose everybody": (_LEAVERS, "if (part := self.too_many) is not None:", "if part := None:"),
    "a membership is added again after one look": (_MEMBERSHIP, "_ABSENCES: Final = 2", "_ABSENCES: Final = 1"),
}


@pytest.mark.skipif("COGGNO_TORTURE_SEED" not in os.environ, reason="slow: only with COGGNO_TORTURE_SEED")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_without_a_step_some_test_fails(mutation, tmp_path):
    assert _run_without(mutation, tmp_path) == 1


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_mutations_are_up_to_date(mutation):
    """The text that is taken out is there, once."""
    path, old, _ = MUTATIONS[mutation]
    assert (ROOT / "src/coggno/provisioning" / path).read_text().count(old) == 1


def _run_without(mutation, folder):
    shutil.copytree(ROOT / "src", folder / "src")
    path, old, new = MUTATIONS[mutation]
    changed = folder / "src/coggno/provisioning" / path
    changed.write_text(changed.read_text().replace(old, new))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder / "src"), str(ROOT)))}
    environment.pop("COGGNO_TORTURE_SEED")  # the search of the histories is short, and always the same
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False).returncode
