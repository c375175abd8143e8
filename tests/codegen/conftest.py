"""What the tests of the generator share."""

import pytest

from tests.codegen import helpers


@pytest.fixture
def build(tmp_path):
    """Generate and import a package from a document."""
    return lambda content: helpers.generate(tmp_path, content)


@pytest.fixture
def refusals(tmp_path, capsys):
    """Return what is said when a document is refused, line by line, with the exit code."""

    def refuse(content):
        out = tmp_path / "out"
        code, said = helpers.run("--spec", helpers.write(tmp_path, content), "--out", out, capsys=capsys)
        assert not out.exists(), "something was written"
        assert said.out == ""
        return code, said.err.splitlines()

    return refuse
