"""Names of the wire become names of Python."""

import keyword

import pytest

from codegen import names


@pytest.mark.parametrize(
    ("wire", "python"),
    [
        ("name", "name"),
        ("camelCase", "camel_case"),
        ("HTTPServer2Name", "http_server2_name"),
        ("kebab-case.and/more", "kebab_case_and_more"),
        ("class", "class_"),
        ("self", "self_"),
        ("None", "none"),
        ("list", "list_"),
        ("id", "id"),
        ("type", "type"),
        ("2fa", "value_2fa"),
        ("_private", "private"),
        ("__class__", "class_"),
        ("$filter", "filter"),
        ("größe", "grosse"),
        ("éàñ", "ean"),
        ("名前", "u540d_u524d"),
        ("😀", "value_"),
        ("", "value_"),
        ("!", "value_"),
        ("a\nb", "a_b"),
    ],
)
def test_fields(wire, python):
    assert names.field_name(wire) == python
    assert python.isidentifier()
    assert python.isascii()
    assert not keyword.iskeyword(python)


@pytest.mark.parametrize(
    ("words", "python"),
    [
        ("Seed", "Seed"),
        ("seed bank", "SeedBank"),
        ("seed-bank", "SeedBank"),
        ("HTTPError", "HTTPError"),
        ("createSeed response", "CreateSeedResponse"),
        ("2fa", "Schema2fa"),
        ("Any", "AnyModel"),
        ("none", "NoneModel"),
        ("", "Schema"),
        ("model", "ModelModel"),
        ("/beds/{bed} kind", "BedsBedKind"),
    ],
)
def test_classes(words, python):
    assert names.class_name(words) == python
    assert python.isidentifier()


def test_functions_and_constants():
    assert (names.function_name("listSeeds"), names.constant_name("listSeeds")) == ("list_seeds", "LIST_SEEDS")
    assert (names.function_name("import"), names.constant_name("import")) == ("import_", "IMPORT")
    assert (names.function_name("models"), names.constant_name("operations")) == ("models_", "OPERATIONS_")
    assert names.argument_name("send") == "send_"
