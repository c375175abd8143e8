"""The output for one tiny document stands in the repository, so that a change of a template shows as a diff."""

from pathlib import Path

from codegen import cli

GOLDEN = Path(__file__).with_name("golden")
RENEW = (
    "python -m codegen --spec tests/codegen/golden/tiny.yaml --out tests/codegen/golden/tiny "
    "--protocol coggno._protocol"
)


def test_the_output_is_the_golden_one():
    made = cli.generate(
        GOLDEN / "tiny.yaml",
        protocol="coggno._protocol",
        command=RENEW.replace(" --out tests/codegen/golden/tiny", ""),
    ).files
    kept = {path.name: path.read_text(encoding="utf-8") for path in (GOLDEN / "tiny").glob("*.py")}
    assert made == kept, f"if this is meant, run: {RENEW}"
