"""The pytest plugin as other projects use it: every test runs pytest in a process of its own."""

import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PERSON = 'email="ada@example.com", first_name="Ada", last_name="Lovelace", password="difference-engine"'
ASYNCIO = ["-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function"]
ASYNC = {
    "asyncio-auto": ([*ASYNCIO, "-o", "asyncio_mode=auto"], ""),
    "asyncio-strict": ([*ASYNCIO, "-o", "asyncio_mode=strict"], "@pytest.mark.asyncio"),
    "anyio": (["-p", "anyio"], "@pytest.mark.anyio"),
}


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a file of tests with only the plugins that are named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("COGGNO_API_KEY", "COGGNO_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(source, *options):
        pytester.makepyfile(f"import pytest\nimport sys\n{source}")
        return pytester.runpytest_subprocess(
            "-p", "pytest_coggno", "-p", "no:cacheprovider", "--strict-markers", "-W", "error", "-rs", *options
        )

    return run


@pytest.fixture(params=ASYNC)
def run_async(run, request):
    """Run tests that are coroutines, with each plugin and mode; MARK in the source is the mark that it needs."""
    options, mark = ASYNC[request.param]
    backend = "@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
    return lambda source: run(backend + source.replace("MARK", mark), *options)


def test_entry_point_names_the_plugin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"pytest_coggno": "pytest_coggno"}


def test_start_of_pytest_imports_nothing_heavy(run):
    """Every run of pytest in the environment would pay for it, whether or not it uses the fixtures."""
    source = (
        "def test_it():\n"
        "    heavy = ('httpx', 'attrs', 'attr', 'cattrs', 'tenacity', 'starlette', 'uvicorn', 'coggno')\n"
        "    assert [name for name in heavy if name in sys.modules] == []\n"
    )
    run(source).assert_outcomes(passed=1)


def test_client_and_sandbox_belong_together(run_async):
    source = f"""
MARK
async def test_it(coggno, coggno_sandbox):
    await coggno.users.create({PERSON})
    assert [effect.operation for effect in coggno_sandbox.effects] == ["createUser"]
"""
    run_async(source).assert_outcomes(passed=1)


def test_each_test_gets_a_new_sandbox(run_async):
    source = """
MARK
@pytest.mark.parametrize("number", [1, 2])
async def test_it(coggno, number):
    assert await coggno.groups.list() == []
    group, created = await coggno.groups.ensure(name="Warehouse")
    assert (group.id, created) == (1, True)
"""
    run_async(source).assert_outcomes(passed=2)


def test_marker_adds_faults_and_nothing_waits(run_async):
    source = f"""
import time

pytestmark = pytest.mark.coggno_faults("listGroups:rate=0.01,burst=1")

MARK
@pytest.mark.coggno_faults("createUser:status=503,after,times=1", "getUser:drop,times=2")
async def test_it(coggno, coggno_sandbox):
    started = time.monotonic()
    await coggno.users.create({PERSON})
    await coggno.groups.list()
    await coggno.groups.list()
    await coggno.users.delete("ada@example.com")
    assert time.monotonic() - started < 1
    assert [rule.applied for rule in coggno_sandbox.faults] == [1, 1, 2]
    assert [effect.operation for effect in coggno_sandbox.effects] == ["createUser", "deleteUser"]
"""
    run_async(source).assert_outcomes(passed=1)


def test_other_fixtures_can_seed_the_sandbox(run_async):
    source = """
@pytest.fixture
def coggno_sandbox(coggno_sandbox):
    coggno_sandbox.populate(users=3)
    return coggno_sandbox

MARK
async def test_it(coggno):
    assert len(await coggno.users.list()) == 3
"""
    run_async(source).assert_outcomes(passed=1)


def test_fixtures_work_without_async_tests(run):
    source = """
import asyncio

def test_it(coggno):
    group = asyncio.run(coggno.groups.create(name="Warehouse"))
    assert group.id == 1
"""
    run(source).assert_outcomes(passed=1)


def test_trio_is_skipped(run):
    """anyio's plugin runs a test on every backend that is installed."""
    source = """
@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param

@pytest.mark.anyio
async def test_it(coggno):
    assert await coggno.groups.list() == []
"""
    result = run(source, "-p", "anyio")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*the client does not run on trio*"])


def test_server_is_reached_from_another_process(run):
    source = """
import os
import subprocess

@pytest.mark.coggno_faults("listGroups:status=503,times=1")
def test_it(coggno_server):
    code = (
        "import asyncio, coggno\\n"
        "async def main():\\n"
        "    async with coggno.AsyncCoggno() as client:\\n"
        "        print(await client.groups.list())\\n"
        "asyncio.run(main())"
    )
    coggno_server.sandbox.seed_group("Warehouse")
    environment = {**os.environ, **coggno_server.environment}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "Warehouse" in done.stdout
    assert [each.status for each in coggno_server.sandbox.requests.recent] == [503, 200]
"""
    run(source).assert_outcomes(passed=1)


def test_pauses_are_real_again_after_the_test(run):
    source = """
def test_skipped(coggno_sandbox):
    import coggno.testing
    assert coggno.testing.is_testing()

def test_real():
    import coggno.testing
    assert not coggno.testing.is_testing()
"""
    run(source).assert_outcomes(passed=2)


def test_invalid_fault_fails_with_a_suggestion(run):
    source = "@pytest.mark.coggno_faults('createUsr:drop')\ndef test_it(coggno_sandbox): pass\n"
    result = run(source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*coggno_faults: fault 'createUsr:drop': *did you mean 'createUser'?*"])


def test_marker_without_a_fixture_fails(run):
    result = run("@pytest.mark.coggno_faults('drop')\ndef test_it(): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*coggno_faults needs one of the fixtures coggno_sandbox, coggno, coggno_server*"])


def test_marker_without_a_fault_fails(run):
    result = run("@pytest.mark.coggno_faults\ndef test_it(coggno_sandbox): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["the marker coggno_faults names no fault; for example: coggno_faults('createUser:*"])


def test_mistake_in_a_fault_is_one_line(run):
    result = run("@pytest.mark.coggno_faults('creatUser:drop')\ndef test_it(coggno_sandbox): pass\n")
    result.assert_outcomes(errors=1)
    assert [line for line in result.outlines if "creatUser:drop" in line and not line.startswith("ERROR")] == [
        "coggno_faults: fault 'creatUser:drop': unknown operation 'creatUser', did you mean 'createUser'?"
    ]


def test_marker_of_a_module_is_for_those_who_use_it(run):
    """Other tests of the module pass, and so does one that asks for the fixture while it runs."""
    source = (
        "pytestmark = pytest.mark.coggno_faults('createUser:status=503,times=1')\n"
        "def test_pure(): pass\n"
        "def test_late(request): assert request.getfixturevalue('coggno_sandbox').faults\n"
    )
    run(source).assert_outcomes(passed=2)


def test_limit_of_attempts_stays(run):
    source = (
        "from coggno import testing\n"
        "@pytest.fixture(autouse=True)\n"
        "def limited():\n"
        "    with testing.set_testing(True, attempts=2): yield\n"
        "def test_it(limited, coggno_sandbox): assert testing.limited_retries(5) == 1\n"
    )
    run(source).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("missing", "fixture"), [("starlette", "coggno_sandbox"), ("starlette", "coggno"), ("uvicorn", "coggno_server")]
)
def test_missing_extra_skips_the_test(run, pytester, missing, fixture):
    pytester.makeconftest(f"import sys\nsys.modules[{missing!r}] = None\n")
    result = run(f"def test_it({fixture}): raise AssertionError\ndef test_other(): pass\n")
    result.assert_outcomes(skipped=1, passed=1)
    result.stdout.fnmatch_lines(["*pip install 'coggno*sandbox*'*"])


def test_marker_is_listed(run):
    run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.coggno_faults(*faults): *"])
