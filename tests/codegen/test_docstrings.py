"""Text becomes docstrings."""

import pytest

from codegen import docstrings, ir


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo", "one two"),
        ("one\n\n\n\ntwo  ", "one\n\n\n\ntwo"),
        ("a:\n- one\n  more\n- two", "a:\n- one more\n- two"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("```\na   b\n  c\n```\nafter\nthat", "```\na   b\n  c\n```\nafter that"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("    code\n    more", "    code\n    more"),
        ("# Head\ntext", "# Head\ntext"),
        ("a\r\nb", "a b"),
    ],
)
def test_only_paragraphs_are_joined(text, expected):
    assert docstrings.reflow(text, 0).strip("\n") == expected.strip("\n")


def test_long_paragraphs_are_wrapped_between_words():
    lines = docstrings.reflow(f"{'word ' * 60}{'x' * 200}", 4).split("\n")
    assert all(len(line) <= 116 for line in lines[:-1])
    assert lines[-1] == "x" * 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("a", "a."), ("a.", "a."), ("a?", "a?"), ("a:", "a."), ("a\n b", "a b.")],
)
def test_sentences_end(text, expected):
    assert docstrings.sentence(text) == expected


def item(**limits):
    return ir.Field(
        pointer="#", name="a", type=ir.Scalar("str"), required=True, description="It", limits=tuple(limits.items())
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"minLength": 1}, "It. Not empty."),
        ({"minLength": 2}, "It. At least 2 characters."),
        ({"maxLength": 2}, "It. At most 2 characters."),
        ({"minLength": 0, "maxLength": 2}, "It. At most 2 characters."),
        ({"minLength": 2, "maxLength": 2}, "It. Exactly 2 characters."),
        ({"minItems": 2, "maxItems": 3}, "It. 2 to 3 items."),
        ({"format": "uri"}, "It. A URI."),
        ({"format": "password"}, "It."),
        ({"uniqueItems": False}, "It."),
        ({"pattern": "a\u202eb"}, r"It. Matches 'a\u202eb'."),
    ],
)
def test_limits_are_said(limits, expected):
    assert docstrings.describe(item(**limits), sent=True) == expected


def test_what_the_description_says_is_not_said_twice():
    field = ir.Field(
        pointer="#",
        name="a",
        type=ir.Scalar("str"),
        required=True,
        description="A valid e-mail address, 6 to 40 characters.",
        limits=(("format", "email"), ("minLength", 6), ("maxLength", 40)),
    )
    assert docstrings.describe(field, sent=True) == "A valid e-mail address, 6 to 40 characters."
