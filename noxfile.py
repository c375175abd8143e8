"""Development tasks. `nox -l` lists them; `nox` alone runs what a change must pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "check-generated", "docs", "demo"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
CONSTRAINTS = ("-c", "constraints.txt")
COVERAGE_FLOOR = 95  # percent, branches counted
COVERAGE_PYTHON = "3.11"  # on the others coverage would find the same and take a third longer
WHEEL_LIMIT = 325  # kB; the aim is 250
LOWEST_TESTS = ("tests/_engines", "tests/_protocol", "tests/_session", "tests/test_client.py", "tests/cli/test_app.py")
ALL_EXTRAS = ".[aiohttp,cli,excel,httpx2,keyring,otel,parquet,sandbox,speed,swagger]"


def install(session: nox.Session, *groups: str, project: str | None = ALL_EXTRAS) -> None:
    """Install dependency groups of pyproject.toml and, unless `project` is None, the project itself."""
    packages = [*nox.project.dependency_groups(PYPROJECT, *groups)]
    if project is not None:
        packages += ["-e", project]
    session.install(*packages, *CONSTRAINTS)


def pins(*groups: str) -> dict[str, str]:
    """Return the packages of dependency groups as constraints.txt pins them: `{"pytest": "pytest==9.2.0"}`."""
    lines = Path("constraints.txt").read_text(encoding="utf-8").splitlines()
    versions = {line.partition("==")[0].lower(): line for line in lines}
    names = {Requirement(text).name.lower() for text in nox.project.dependency_groups(PYPROJECT, *groups)}
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
    """Check types: mypy --strict and pyright strict."""
    install(session, "lint")
    session.run("mypy")
    session.run("pyright")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run all tests on every installed Python, with a minimum of coverage on 3.11.

    `nox -s tests-3.11 -- -k provision` passes arguments to pytest, without coverage.
    """
    install(session, "test")
    if session.posargs or session.python != COVERAGE_PYTHON:
        session.run("pytest", *session.posargs)
        return
    # not below create_tmp(): that moves TMPDIR, and with it the tests' folders, into the repository
    data = {"COVERAGE_FILE": str(Path(session.virtualenv.location) / "coverage-data")}
    session.run("coverage", "erase", env=data)
    session.run("coverage", "run", "-m", "pytest", env=data)
    session.run("coverage", "combine", "--quiet", env=data)
    session.run("coverage", "report", f"--fail-under={COVERAGE_FLOOR}", env=data)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run some tests with the lowest versions of the dependencies that pyproject.toml allows."""
    session.install("uv")
    python = str(Path(session.bin) / "python")
    # fastapi is left out: its own requirements would raise starlette's version
    tools = [pin for name, pin in pins("test").items() if name != "fastapi"]
    session.run("uv", "pip", "install", "--python", python, "--resolution", "lowest-direct", "-e", ALL_EXTRAS, *tools)
    session.run("pytest", *(session.posargs or [*LOWEST_TESTS, "--ignore=tests/_engines/test_fuzz.py"]))


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
    """The fuzzer of the engines with 200,000 cases, half an hour. `-- 1000000` for another number."""
    install(session, "test")
    cases = session.posargs[0] if session.posargs else "200000"
    session.run("pytest", "tests/_engines/test_fuzz.py", "--timeout", "0", env={"COGGNO_FUZZ_CASES": cases})


@nox.session
def bench(session: nox.Session) -> None:
    """Measure this client and its alternatives; `-- --write` updates docs/. Needs nginx."""
    session.install("-e", ".[aiohttp,sandbox]", "-r", "benchmarks/requirements.txt")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build source distribution and wheel into dist/; fail when the wheel exceeds its size limit."""
    session.install("build")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    (wheel,) = Path("dist").glob("*.whl")
    size = wheel.stat().st_size // 1000
    if size > WHEEL_LIMIT:
        session.error(f"{wheel}: {size} kB, the limit is {WHEEL_LIMIT}; `python -m zipfile -l` shows what is in it")


@nox.session
def pin(session: nox.Session) -> None:
    """Write constraints.txt: the newest versions for all extras and groups, without URLs or hashes."""
    packages = nox.project.dependency_groups(PYPROJECT, "codegen", "docs", "lint", "test")
    session.install(*packages, ALL_EXTRAS)
    frozen = session.run("python", "-m", "pip", "freeze", "--exclude", "coggno", silent=True) or ""
    pins = sorted(line for line in frozen.splitlines() if "==" in line)
    Path("constraints.txt").write_text("\n".join(["# Written by `nox -s pin`.", *pins, ""]), encoding="utf-8")
