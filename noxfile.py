"""Development tasks. `nox -l` lists them; `nox` alone runs what a change must pass."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"  # uv, where it is installed, makes environments in seconds
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "check-generated", "docs", "demo"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
CONSTRAINTS = ("-c", "constraints.txt")
COVERAGE_FLOOR = 95  # percent, branches counted
PARALLEL = ("-n", "logical", "--dist", "worksteal")  # as many processes as the machine has cores
COVERAGE_PYTHON = "3.11"  # on the others coverage would find the same and take a third longer
WHEEL_LIMIT = 780  # kB
"""A tenth above the 704 kB of all features (provisioning 279, command line 143, client 135, sandbox 97): a file that
does not belong in the wheel is noticed, the next feature is not."""
LOWEST_TESTS = (
    "tests/test_client.py", "tests/_protocol", "tests/_session",  # attrs, cattrs, msgspec, tenacity
    "tests/_engines",  # h11, httpx, httpx2, aiohttp
    "tests/cli/settings", "tests/cli/terminal", "tests/cli/test_app.py",  # typer, rich, platformdirs, keyring
    "tests/cli/test_shell_completion.py", "tests/cli/test_usage_errors.py",  # typer
    "tests/provisioning/roster/test_excel.py", "tests/provisioning/roster/test_parquet.py",  # calamine, pyarrow
    "tests/provisioning/journal/test_postgres.py",  # psycopg
    "tests/sandbox/pages", "tests/sandbox/server",  # swagger, starlette, uvicorn
    "tests/otel",
)  # fmt: skip
"""Tests of what calls a dependency; what is above does not notice its version."""
LOWEST_LEFT_OUT = (
    "--ignore=tests/_engines/test_fuzz.py", "--ignore=tests/_engines/test_fairness.py",  # costly, and of our own code
    "-k", "not through_the_client",  # what an engine makes of a fault is seen in one attempt already
)  # fmt: skip
LOWEST_TOOLS = ("opentelemetry-sdk",)  # each version demands the very same one of the API
ALL_EXTRAS = ".[aiohttp,cli,dask,excel,httpx2,keyring,otel,parquet,postgres,sandbox,speed,swagger]"


def install(session: nox.Session, *groups: str, project: str | None = ALL_EXTRAS) -> None:
    """Install dependency groups of pyproject.toml and, unless `project` is None, the project itself."""
    packages = [*nox.project.dependency_groups(PYPROJECT, *groups)]
    if project is not None:
        packages += ["-e", project]
    session.install(*packages, *CONSTRAINTS)


def pinned(names: Iterable[str]) -> dict[str, str]:
    """Return packages as constraints.txt pins them: `{"pytest": "pytest==9.2.0"}`."""
    lines = Path("constraints.txt").read_text(encoding="utf-8").splitlines()
    versions = {line.partition("==")[0].lower(): line for line in lines}
    return {name: versions[name] for name in sorted(names)}


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and import layers."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", "--no-cache")
    session.run("openapi-spec-validator", "openapi/coggno.yaml")


@nox.session
def types(session: nox.Session) -> None:
    """Check types: mypy --strict and pyright strict; of the tests and examples, too, so what they import is needed."""
    install(session, "lint", "test")
    session.run("mypy")
    session.run("pyright")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run all tests on every installed Python, with a minimum of coverage on 3.11.

    `nox -s tests-3.11 -- -k provision` passes arguments to pytest, without coverage.
    """
    install(session, "test")
    if session.posargs or session.python != COVERAGE_PYTHON:
        session.run("pytest", *(session.posargs or PARALLEL))
        return
    # not below create_tmp(): that moves TMPDIR, and with it the tests' folders, into the repository
    data = {"COVERAGE_FILE": str(Path(session.virtualenv.location) / "coverage-data")}
    session.run("pytest", *PARALLEL, "--cov", "--cov-report=term", f"--cov-fail-under={COVERAGE_FLOOR}", env=data)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run some tests with the lowest versions of the dependencies that pyproject.toml allows."""
    session.install("uv")
    python = str(Path(session.bin) / "python")
    required = {Requirement(text).name.lower(): text for text in nox.project.dependency_groups(PYPROJECT, "test")}
    # fastapi is left out: its own requirements would raise starlette's version
    tools = pinned(required.keys() - {"fastapi", *LOWEST_TOOLS})
    lowest_tools = [required[name] for name in LOWEST_TOOLS]
    session.run(
        "uv", "pip", "install", "--python", python, "--resolution", "lowest-direct",
        "-e", ALL_EXTRAS, *tools.values(), *lowest_tools,
    )  # fmt: skip
    session.run("pytest", *(session.posargs or [*LOWEST_TESTS, *LOWEST_LEFT_OUT]))


@nox.session
def generate(session: nox.Session) -> None:
    """Write src/coggno/_generated from openapi/coggno.yaml."""
    install(session, "codegen", project=None)
    session.run("python", "-m", "codegen", *session.posargs)


@nox.session(name="check-generated")
def check_generated(session: nox.Session) -> None:
    """Fail when src/coggno/_generated differs from what the spec generates."""
    install(session, "codegen", project=None)
    session.run("python", "-m", "codegen", "--check")


@nox.session
def demo(session: nox.Session) -> None:
    """Provision the example roster on the embedded sandbox."""
    session.install(".[cli,sandbox]", *CONSTRAINTS)
    folder = Path(session.create_tmp())
    for name in ("results.csv", "failed.csv", "passwords.csv"):
        (folder / name).unlink(missing_ok=True)
    session.run(
        "coggno", "provision", "examples/roster.csv", "--sandbox", "--allow-refused",
        "--generate-passwords", str(folder / "passwords.csv"), "--results", str(folder / "results.csv"),
    )  # fmt: skip


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into build/docs; warnings, such as a broken reference, are errors."""
    install(session, "docs")
    session.run("sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "docs", "build/docs", *session.posargs)
    session.log("Built. Open build/docs/index.html in a browser.")


@nox.session
def interop(session: nox.Session) -> None:
    """Other people's tools check the spec, the client and the sandbox. Tests without Node or Chromium are skipped."""
    packages = nox.project.dependency_groups(PYPROJECT, "interop")
    session.install(*packages, "-e", ".[aiohttp,sandbox,swagger]", "-c", "tests/interop/constraints.txt")
    if shutil.which("npm") is None:
        session.warn("Node is not installed: the tests that need it are skipped")
    else:
        with session.chdir("tests/interop"):
            session.run("npm", "ci", "--no-progress", external=True)
    session.run("pytest", "tests/interop", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Many tasks against a sandbox with faults; outcomes are compared with its log. `-- --seconds 300` runs longer."""
    session.install("-e", ".[sandbox]", *CONSTRAINTS)
    session.run("python", "-m", "benchmarks.soak", *(session.posargs or ["--seconds", "20"]))


@nox.session
def torture(session: nox.Session) -> None:
    """What takes too long for every change; `-- 1000000` for so many cases of the fuzzer, 200,000 if not given.

    The fuzzer of the engines; histories of runs under faults; each step of the protocol for lost writes taken
    out; runs and workers that are killed, with journals in files and in PostgreSQL; and outages in real time.
    `COGGNO_TORTURE_SEEDS=4,5,6` for other random choices.
    """
    install(session, "test")
    cases = session.posargs[0] if session.posargs else "200000"
    seeds = os.environ.get("COGGNO_TORTURE_SEEDS", "1,2,3")
    without_limit = ("pytest", "--timeout", "0")
    on_all_cores = (*without_limit, "-n", "logical")
    session.run(*on_all_cores, "tests/_engines/test_fuzz.py", env={"COGGNO_FUZZ_CASES": cases})
    histories = ("tests/provisioning/test_histories.py", "tests/provisioning/test_killed_histories.py")
    for seed in seeds.split(","):
        session.run(*on_all_cores, *histories, env={"COGGNO_TORTURE_SEED": seed})
    # Any seed: it only says that there is time for it.
    session.run(*on_all_cores, "tests/provisioning/test_mutations.py", env={"COGGNO_TORTURE_SEED": "1"})
    kills = {"COGGNO_TORTURE_SEEDS": seeds, "COGGNO_TORTURE_KILLS": "40", "COGGNO_TORTURE_ROWS": "2000"}
    killed = ("tests/provisioning/journal/test_deaths.py", "tests/cli/provision/test_killed.py")
    session.run(*without_limit, *killed, env=kills)
    session.run(*without_limit, "tests/provisioning/jobs/test_deaths.py", env=kills)
    session.run(*without_limit, "tests/provisioning/on_dask", env={"COGGNO_TORTURE_SEEDS": seeds})
    session.run("python", "-m", "benchmarks.provisioning.patience")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure this client and its alternatives; `-- --write` updates docs/. Needs nginx."""
    session.install("-e", ".[aiohttp,cli,sandbox]", "-r", "benchmarks/requirements.txt")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build source distribution and wheel into dist/, and check them: metadata, content, size, the same bytes twice."""
    # what builds it is installed here: two builds in environments of their own would take half a minute
    session.install("build", "check-wheel-contents", "twine", *PYPROJECT["build-system"]["requires"])
    again = Path(session.create_tmp()) / "again"
    for folder, zone in ((Path("dist"), "UTC"), (again, "Asia/Tokyo")):
        shutil.rmtree(folder, ignore_errors=True)
        session.run(
            "python", "-m", "build", "--no-isolation", "--outdir", str(folder),
            env={"SOURCE_DATE_EPOCH": last_change(session), "TZ": zone}, silent=True,
        )  # fmt: skip
    (wheel,) = Path("dist").glob("*.whl")
    (source,) = Path("dist").glob("*.tar.gz")
    for built in (wheel, source):
        if built.read_bytes() != (again / built.name).read_bytes():
            session.error(f"{built.name} differs between two builds of the same source")
    session.run("twine", "check", "--strict", str(wheel), str(source))
    session.run("check-wheel-contents", str(wheel))
    size = wheel.stat().st_size // 1000
    session.log(f"{wheel.name}: {size} kB, the same in two builds")
    if size > WHEEL_LIMIT:
        session.error(f"{wheel}: {size} kB, the limit is {WHEEL_LIMIT}; `python -m zipfile -l` shows what is in it")


def last_change(session: nox.Session) -> str:
    """Return when the source was last changed, in seconds, so that a build of the same commit has the same bytes."""
    if shutil.which("git") is None or not Path(".git").exists():
        return "1700000000"
    return (session.run("git", "log", "-1", "--format=%ct", external=True, silent=True) or "").strip()


@nox.session
def sbom(session: nox.Session) -> None:
    """Write an SBOM (CycloneDX) of the package with all extras, as pinned, into dist/."""
    session.install("cyclonedx-bom", "uv")
    # an environment of its own, without pip: what makes the list must not be on it
    environment = Path(session.create_tmp()) / "environment"
    session.run("python", "-m", "venv", "--clear", "--without-pip", str(environment))
    python = str(environment / ("Scripts" if os.name == "nt" else "bin") / "python")
    session.run("uv", "pip", "install", "-q", "--python", python, ALL_EXTRAS, *CONSTRAINTS)
    Path("dist").mkdir(exist_ok=True)
    file = Path("dist", f"coggno-{PYPROJECT['project']['version']}.cdx.json")
    session.run(
        "cyclonedx-py", "environment", python, "--pyproject", "pyproject.toml", "--mc-type", "library",
        "--output-reproducible", "--output-file", str(file),
    )  # fmt: skip
    listed = {each["name"].lower() for each in json.loads(file.read_text(encoding="utf-8"))["components"]}
    missing = {Requirement(text).name for text in PYPROJECT["project"]["dependencies"]} - listed
    if missing:
        session.error(f"{file} lacks {', '.join(sorted(missing))}")
    session.log(f"{file}: {len(listed)} packages")


@nox.session
def audit(session: nox.Session) -> None:
    """Look the pinned versions up among known vulnerabilities (pip-audit); skipped where these cannot be had."""
    session.install("pip-audit")
    temporary = Path(session.create_tmp())
    first, found = temporary / "first.txt", temporary / "found.json"
    # one package first: without a network this ends in seconds, and an index without such data reports no problem,
    # although it has checked nothing
    first.write_text(pinned(["attrs"])["attrs"] + "\n", encoding="utf-8")
    found.unlink(missing_ok=True)
    options = ("--no-deps", "--disable-pip", "--timeout", "10", "--progress-spinner", "off")
    session.run(
        "pip-audit", *options, "-r", str(first), "-f", "json", "-o", str(found), success_codes=[0, 1], silent=True
    )
    checked = json.loads(found.read_text(encoding="utf-8"))["dependencies"] if found.exists() else []
    if not any("vulns" in each for each in checked):
        session.skip("the data on known vulnerabilities cannot be reached from here; nothing was audited")
    session.run("pip-audit", *options, "--strict", "-r", "constraints.txt")


@nox.session(name="release-notes")
def release_notes(session: nox.Session) -> None:
    """Write the notes of a release, out of CHANGELOG.md, into dist/. `-- 1.2.0` for a version that has a section."""
    notes = session.run("python", ".ci/release_notes.py", *session.posargs, silent=True) or ""
    Path("dist").mkdir(exist_ok=True)
    Path("dist", "release-notes.md").write_text(notes, encoding="utf-8")


@nox.session
def pin(session: nox.Session) -> None:
    """Write constraints.txt: the newest versions for all extras and groups, without URLs or hashes."""
    packages = nox.project.dependency_groups(PYPROJECT, "codegen", "docs", "lint", "test")
    session.install(*packages, ALL_EXTRAS, "pip")  # an environment that uv has made holds no pip
    frozen = session.run("python", "-m", "pip", "freeze", "--exclude", "coggno", silent=True) or ""
    pins = sorted(line for line in frozen.splitlines() if "==" in line)
    Path("constraints.txt").write_text("\n".join(["# Written by `nox -s pin`.", *pins, ""]), encoding="utf-8")
