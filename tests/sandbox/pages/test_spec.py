"""The OpenAPI document as the sandbox shows it."""

from pathlib import Path

import yaml

from coggno.sandbox.pages.spec import spec_for

ORIGINAL = Path(__file__).parents[3] / "openapi" / "coggno.yaml"


def test_only_servers_and_description_differ():
    original = yaml.safe_load(ORIGINAL.read_text(encoding="utf-8"))
    shown = yaml.safe_load(spec_for("http://localhost:8000", "test_sandbox"))
    assert shown["servers"][0]["url"] == "http://localhost:8000"
    assert shown["servers"][1:] == original["servers"]
    sample = "Try it on this sandbox: `curl http://localhost:8000/api/v1/users -u test_sandbox:`\n\n"
    assert shown["info"]["description"] == sample + original["info"]["description"]
    shown["servers"], shown["info"] = original["servers"], original["info"]
    assert shown == original


def test_ipv6_address_is_quoted():
    shown = yaml.safe_load(spec_for("http://[::1]:8000", None))
    assert shown["servers"][0]["url"] == "http://[::1]:8000"
    assert "-u YOUR_KEY:" in shown["info"]["description"]


def test_wheel_gets_the_document_of_the_repository():
    """The build puts it where the package looks for it; see the build settings."""
    settings = (ORIGINAL.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"openapi/coggno.yaml" = "coggno/sandbox/openapi.yaml"' in settings
