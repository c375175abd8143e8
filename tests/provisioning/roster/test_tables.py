"""Tables are read from CSV, JSON Lines and code; what cannot be read is refused with its place."""

import csv
import io
import json
import os
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno.provisioning import RosterError
from coggno.provisioning.roster.input import TableOptions, open_table
from coggno.provisioning.roster.input.cells import LIST, NonTextCell

TEXT = "email,name,note\na@b.example,Ä,x\n"


def opened(source, *, delimiter=None, encoding=None):
    def recognized(names):
        return sum(name in {"email", "name"} for name in names)

    table = open_table(source, TableOptions(delimiter=delimiter, encoding=encoding, recognized=recognized))
    return table, [(row.line, list(row.cells)) for row in table.read()]


def read(text, **options):
    return opened(io.BytesIO(text.encode() if isinstance(text, str) else text), **options)


@pytest.mark.parametrize(("delimiter"), [",", ";", "\t"])
def test_the_delimiter_is_detected(delimiter):
    table, rows = read(TEXT.replace(",", delimiter))
    assert (table.delimiter, table.header) == (delimiter, ("email", "name", "note"))
    assert rows == [(2, ["a@b.example", "Ä", "x"])]


def test_quoted_delimiters_do_not_count():
    table, _ = read('email;name;"a,b,c,d,e,f"\n1;2;3\n')
    assert table.delimiter == ";"
    assert table.header == ("email", "name", "a,b,c,d,e,f")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_read(end):
    """Lines are counted as a text editor does."""
    text = f'email,name{end}{end}"a{end}b",c{end},{end}d,e'
    table, rows = read(text)
    assert table.header == ("email", "name")
    assert rows == [(3, [f"a{end}b", "c"]), (6, ["d", "e"])]


def test_sources_are_paths_and_open_files(tmp_path, monkeypatch):
    """And standard input."""
    path = tmp_path / "people.csv"
    path.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    with path.open("rb") as binary, path.open(encoding="utf-8") as text:
        for source in (path, str(path), os.fspath(path), "-", binary, text, io.StringIO(TEXT)):
            table, rows = opened(source)
            assert (table.header, len(rows)) == (("email", "name", "note"), 1)


@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_removed(encoding):
    """It is no part of the first column's name."""
    table, _ = read(b"\xef\xbb\xbf" + TEXT.encode(), encoding=encoding)
    assert table.header[0] == "email"
    assert opened(io.StringIO("\ufeff" + TEXT))[0].header[0] == "email"
    assert read(b"\xef\xbb\xbf" + b'{"email": "a"}')[0].header == ("email",)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-32", "mac-roman"])
def test_other_encodings_are_read_when_asked_for(encoding):
    table, rows = read(TEXT.encode(encoding), encoding=encoding)
    assert (table.encoding, rows[0][1][1]) == (encoding, "Ä")


def test_other_bytes_than_utf8_are_located():
    """By line and byte."""
    with pytest.raises(RosterError, match=r"line 2, byte 13: not valid UTF-8.*encoding='cp1252'") as caught:
        read(TEXT.encode("cp1252"))
    assert (caught.value.line, caught.value.column) == (2, 13)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", {}, "is empty"),
        (b"\xef\xbb\xbf \r\n\n", {}, "is empty"),
        (TEXT.encode("utf-16"), {}, "NUL bytes.*utf-16"),
        (b"email,name\na\0b,c\n", {}, "NUL bytes.*in UTF-8.$"),
        (b"PK\x03\x04\x14\0", {}, "no workbook that can be read"),
        (b"\x1f\x8b\x08\0", {}, "is compressed with gzip. Unpack it first."),
        (b"%PDF-1.7 ...", {}, "is a PDF"),
        (b"email,name\na\0b,c\n", {"encoding": "utf-8"}, "NUL characters"),
        (
            b"email\na@b.example\n",
            {},
            "line 1: only one column when it is split at each comma. Name the right one with delimiter='CHAR'",
        ),
        (TEXT.encode(), {"delimiter": "|"}, "only one column when it is split at each '|'"),
        (TEXT.encode(), {"delimiter": ";;"}, "a single character"),
        (TEXT.encode(), {"delimiter": '"'}, "a single character"),
        (TEXT.encode(), {"encoding": "klingon"}, "no encoding 'klingon'"),
        (TEXT.encode(), {"encoding": "base64"}, "no encoding"),
        (TEXT.encode(), {"encoding": "a\0b"}, "no encoding"),
        (b"xyz", {"encoding": "utf-16"}, "not valid utf-16"),
        (b'email,name\na,b\n\nc,"d\ne\n', {}, "row that begins in line 4: a quotation mark is not closed"),
        (b'email,name\na,"b"c\n', {}, "line 2"),
        (b'[{"email": 1}]', {}, "is a JSON array. JSON Lines has one object on each line"),
        (b'{"email": 1}\n\n[]', {}, "line 3: not a JSON object"),
        (b'{"email": 1}\n{"email": }', {}, "line 2, character 11: not a JSON object"),
        (b'{"email": 1, "email": 2}', {}, "line 1: .*same name twice"),
    ],
)
def test_unreadable_input_is_refused(content, options, words):
    """The message says where."""
    with pytest.raises(RosterError, match=words):
        read(content, **options)


def test_system_errors_become_roster_errors(tmp_path):
    with pytest.raises(RosterError, match="is a directory"):
        opened(tmp_path)
    with pytest.raises(RosterError, match="cannot be read: No such file"):
        opened(tmp_path / "missing.csv")
    with pytest.raises(RosterError, match="cannot be read"):
        opened("a\0b")
    with (tmp_path / "x").open("w") as closed, pytest.raises(RosterError, match="cannot be read"):
        opened(closed)
    (tmp_path / "latin.csv").write_bytes(TEXT.encode("cp1252"))
    with (tmp_path / "latin.csv").open(encoding="utf-8") as text, pytest.raises(RosterError, match="cannot be read"):
        opened(text)


def test_json_lines_have_all_columns():
    """And the numbers of their lines."""
    table, rows = read('\n{"email": "a", "n": 7}\n\n{"name": "b", "email": null}\n')
    assert table.header == ("email", "n", "name")
    assert rows == [(2, ["a", "7", ""]), (4, ["", "", "b"])]


def test_rows_from_code_are_numbered_from_1():
    table, rows = opened(iter([{"email": "a"}, {"email": "b", 5: "x"}]))
    assert (table.header, rows) == (("email", "5"), [(1, ["a", ""]), (2, ["b", "x"])])


@pytest.mark.parametrize(
    ("rows", "words"),
    [([], "no rows"), ([{"a": 1}, 5], "Row 2 is of type int. Rows must be mappings"), (["ab"], "Row 1 is of type str")],
)
def test_rows_from_code_must_be_mappings(rows, words):
    with pytest.raises(RosterError, match=words):
        opened(rows)


@pytest.mark.parametrize(
    ("value", "shown", "kind"),
    [
        (None, "", None),
        (float("nan"), "", None),
        (7, "7", None),
        (1.5, "1.5", None),
        ("x", "x", None),
        (True, "true", "boolean"),
        ({"a": [1]}, '{"a": [1]}', "object"),
        (Decimal("1.5"), '"1.5"', "Decimal"),
        (["a", 1], "a;1", LIST),
        (("a",), "a", LIST),
        ([["a"]], '["[\\"a\\"]"]', "list of other values than text"),
        (["a;b", "c"], '["a;b", "c"]', "list with ; or | in a text"),
    ],
)
def test_cells_of_other_values_are_readable(value, shown, kind):
    """And know what they held."""
    _, [(_, [cell])] = opened([{"x": value}])
    assert cell == shown
    assert (cell.kind if isinstance(cell, NonTextCell) else None) == kind


CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=10)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3).filter(lambda row: any(map(str.strip, row))), max_size=6))
def test_whatever_csv_can_write_is_read(rows):
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["email", "name", "note"], *rows])
    assert [cells for _, cells in read(buffer.getvalue())[1]] == rows


@given(st.lists(st.fixed_dictionaries({"email": CELL, "name": CELL}), min_size=1, max_size=6))
def test_whatever_json_can_write_is_read(rows):
    table, found = read("\n".join(map(json.dumps, rows)))
    assert [dict(zip(table.header, cells, strict=True)) for _, cells in found] == rows


@given(st.binary(max_size=200), st.sampled_from([None, "utf-8", "cp1252", "utf-16"]))
def test_any_bytes_are_a_table_or_an_error(content, encoding):
    try:
        read(content, encoding=encoding)
    except RosterError as error:
        assert str(error)
