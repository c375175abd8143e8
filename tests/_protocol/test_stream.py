"""A JSON array is decoded while it arrives, however the bytes are cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno import DecodeError
from coggno._generated.operations import LIST_USERS
from coggno._protocol import stream
from coggno._protocol.stream import ArrayParser, array_items

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


async def pieces(content, sizes):
    place = 0
    for size in sizes:
        yield content[place : place + size]
        place += size
    yield content[place:]


async def items(content, sizes=(), *, strict=True):
    return [item async for item in array_items(pieces(content, sizes), LIST_USERS, strict=strict)]


@given(st.lists(JSON, max_size=8), st.lists(st.integers(0, 20), max_size=40), st.sampled_from([None, 1]), st.booleans())
async def test_an_array_cut_anywhere_decodes_like_json_loads(data, sizes, indent, ascii_only):
    content = json.dumps(data, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    if b"\xed" in content and not ascii_only:
        content = json.dumps(data, indent=indent).encode()
    assert await items(content, sizes) == json.loads(content)


@pytest.mark.parametrize("number", ["0.5", "-0.0", "1e5", "1E-5", "12", "-1.25e+10"])
async def test_a_number_cut_anywhere_is_one_number(number):
    for cut in range(1, len(number) + 2):
        assert await items(f"[{number}]".encode(), [cut]) == [json.loads(number)]


async def test_a_byte_order_mark_and_space_are_skipped():
    assert await items(b"\xef\xbb\xbf \n[ 1 , 2 ]\r\n", [1, 1, 1, 1, 1]) == [1, 2]


@pytest.mark.parametrize("sizes", [(), (1, 2, 3)])
async def test_a_single_object_counts_as_a_list_of_one(sizes):
    assert await items(b' {"id": 1} ', sizes) == [{"id": 1}]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[1 2]",
        b"[1] 2",
        b"[NaN]",
        b'["a',
        b"<html>",
        b'{"a"',
        b'{"a":1} x',
        b"7",
        b"[\xff]",
        b"[" * 3000,
    ],
)
async def test_what_is_not_a_whole_array_is_a_decode_error(content):
    with pytest.raises(DecodeError) as caught:
        await items(content)
    assert not caught.value.complete


async def test_items_before_the_cut_arrive():
    found = array_items(pieces(b"[1, 2, 3", ()), LIST_USERS)
    assert [await anext(found), await anext(found)] == [1, 2]
    with pytest.raises(DecodeError) as caught:
        await anext(found)
    assert caught.value.path == "$[2]"


def test_a_huge_item_costs_linear_time():
    """To try it again with every piece would be quadratic: 4 MiB in pieces of 4 KiB took 4 s."""
    content = json.dumps([{"text": "x" * (1 << 22)}, {"id": 1}])
    counts = []
    decoder = stream._json.DECODER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream._json, "DECODER", Counting(decoder, counts))
        parser = ArrayParser()
        found = [item for start in range(0, len(content), 4096) for item in parser.feed(content[start : start + 4096])]
        found += parser.finish("")
    assert found == json.loads(content)
    assert sum(counts) < 10 * len(content)


class Counting:
    """A decoder that records how much text it is given."""

    def __init__(self, decoder, counts):
        self.decoder, self.counts = decoder, counts

    def raw_decode(self, text, start):
        self.counts.append(len(text) - start)
        return self.decoder.raw_decode(text, start)


def test_an_item_of_more_than_the_limit_is_refused():
    parser = ArrayParser()
    pieces = ['[{"a": "', *["x" * (1 << 20)] * 17]
    with pytest.raises(json.JSONDecodeError):
        for piece in pieces:
            list(parser.feed(piece))


# Text that is not JSON as RFC 8259 has it

ODD = {
    "byte": (b'{"id": 2, "name": "Jos\xe9"}', {"id": 2, "name": "Jos\ufffd"}),
    "tab": (b'{"id": 2, "name": "a\tb\x01"}', {"id": 2, "name": "a\tb\x01"}),
    "NaN": (b'{"id": 2, "score": NaN, "x": -Infinity}', {"id": 2, "score": None, "x": None}),
    "digits": (b'{"id": 2, "score": ' + b"1" * 5000 + b"}", {"id": 2, "score": "1" * 5000}),
}
DEEP = b'{"id": 2, "x": ' + b'["]",' * 3000 + b"1" + b"]" * 3000 + b', "y": 5}'


@pytest.mark.parametrize(("odd", "expected"), ODD.values(), ids=ODD)
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_an_odd_item_hides_no_other(odd, expected, size):
    content = b'[{"id": 1}, ' + odd + b', {"id": 3}, {"id": 4}]'
    sizes = [size] * (len(content) // size)
    assert await items(content, sizes, strict=False) == [{"id": 1}, expected, {"id": 3}, {"id": 4}]


@pytest.mark.parametrize("size", [100, 100_000])
async def test_a_deep_item_hides_no_other(size):
    content = b'[{"id": 1}, ' + DEEP + b', {"id": 3}]'
    found = await items(content, [size] * (len(content) // size), strict=False)
    assert [item["id"] for item in found] == [1, 2, 3]
    assert found[1]["y"] == 5
    assert str(found[1]["x"]).count("[") < 200


@pytest.mark.parametrize("odd", [*(odd for odd, _ in ODD.values()), DEEP], ids=[*ODD, "deep"])
async def test_what_came_before_an_odd_item_is_kept(odd):
    """One byte that is not UTF-8 once took the good items of its chunk with it."""
    found = []
    with pytest.raises(DecodeError):
        async for item in array_items(pieces(b'[{"id": 1}, {"id": 2}, ' + odd + b"]", ()), LIST_USERS, strict=True):
            found.append(item)  # noqa: PERF401 - an extend would lose what came before the error
    assert found == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("content", [b'[{"a": "\xff"', b'[{"a": "\t"', b"[" * 3000, b'[{"a": NaN', b'[{"a": "\xc3'])
async def test_a_truncated_odd_item_is_an_error(content):
    with pytest.raises(DecodeError):
        await items(content, strict=False)
