"""The fast parser and Python's own say the same of every text, whole or streamed; the collector is held with care."""

import gc
import json
import sys
import threading
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coggno._protocol import json as _json
from coggno._protocol.stream import ArrayParser

FAST = _json.fast_parser()
needs_fast = pytest.mark.skipif(FAST is None, reason="msgspec (the extra `speed`) is not installed")

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs", "Cc", "Lo"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
PIECES = [
    b'"', b"\\", b"\\u", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"-", b"0", b"1e", b".", b"\xed\xa0\x80",
    b"\xff", b"\x00", b" ",
]  # fmt: skip
NUMBERS = st.from_regex(r"\A-?[0-9]{1,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{0,4})?\Z").map(str.encode)


@st.composite
def texts(draw):
    """JSON, and JSON with a few bytes replaced, cut out or put in."""
    text = json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    content = bytearray(text.encode(draw(st.sampled_from(["utf-8", "utf-16", "utf-8-sig"])), "surrogatepass"))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(content)))
        content[place : place + draw(st.integers(0, 2))] = draw(st.sampled_from(PIECES) | st.binary(max_size=2))
    return bytes(content)


@contextmanager
def using(parser):
    """Read with this parser first; `None`: with Python's own only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json, "fast_parser", lambda: parser)
        yield


def parsed(content, parser):
    """The result with the type of everything in it (1 is 1.0 and True otherwise), or the error."""
    try:
        with using(parser):
            return repr(_json.parse(content))
    except ValueError as error:
        return error.args


@needs_fast
@given(texts() | NUMBERS | st.binary(max_size=8))
@example(b"18446744073709551616")
@example(b"9" * 4300)
@example(b"9" * 4301)
@example(b"-0")
@example(b"-0.0")
@example(b"1e400")
@example(b"-1e400")
@example(b"2.4703282292062328e-324")
@example(b"9007199254740993.0")
@example(b"1" + b"0" * 310 + b".0")
@example(b"NaN")
@example(b"[-Infinity]")
@example(b'{"a": 1, "b": 2, "a": 3}')
@example(b'{"\\u0061": 1, "a": 2}')
@example(b'"\\ud800"')
@example(b'"\\ude00\\ud83d"')
@example(b'"\\ud83d\\ude00"')
@example(b'"\xed\xa0\x80"')
@example(b'"\xc0\x80"')
@example(b'"\xf4\x90\x80\x80"')
@example(b'"a\x1fb"')
@example(b"\xef\xbb\xbf[1]")
@example("[1]".encode("utf-16"))
@example("[1]".encode("utf-32-le"))
@example(b"[1] 2")
@example(b"")
def test_both_parsers_say_the_same(content):
    assert parsed(content, FAST) == parsed(content, None)


@needs_fast
@pytest.mark.parametrize("depth", [10, 500, 100_000])
@pytest.mark.parametrize(("before", "after"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_both_parsers_stop_at_the_same_depth(depth, before, after):
    content = before * depth + b"1" + after * depth
    assert parsed(content, FAST) == parsed(content, None)


@pytest.mark.parametrize("parser", [pytest.param(FAST, marks=needs_fast), None])
@pytest.mark.parametrize("content", [b'{"password": "SECRET"', b'["SECRET\xff"]', b'["SECRET", NaN]'])
def test_errors_quote_nothing_of_the_text(parser, content):
    with using(parser), pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is checked below
        _json.parse(content)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None


def test_it_works_without_msgspec(monkeypatch):
    monkeypatch.setitem(sys.modules, "msgspec", None)
    assert _json.fast_parser.__wrapped__() is None


@pytest.fixture
def collector():
    """The collector is running before the test, and after it whatever the test does."""
    was = gc.isenabled()
    gc.enable()
    yield
    gc.enable() if was else gc.disable()


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("running", [True, False])
def test_the_collector_is_as_it_was_afterwards(running):
    if not running:
        gc.disable()
    with _json.collector_paused():
        assert not gc.isenabled()
        with _json.collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled() is running
    with pytest.raises(RuntimeError), _json.collector_paused():
        raise RuntimeError
    assert gc.isenabled() is running


@pytest.mark.usefixtures("collector")
def test_the_collector_pause_is_shared_by_threads():
    """The first block to end must not switch the collector on while another thread is inside one."""
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with _json.collector_paused():
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=hold)
    with _json.collector_paused():
        thread.start()
        inside.wait(5)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize(("size", "held"), [(10, False), (1 << 20, True)])
@pytest.mark.parametrize("broken", [False, True])
def test_only_a_big_text_holds_the_collector(size, held, broken):
    seen = []

    def parser(content):
        seen.append(gc.isenabled())
        if broken:
            raise ValueError
        return content

    with using(parser):
        _json.parse(b"[1" + b" " * size + b"]")
    assert seen == [not held]
    assert gc.isenabled()


EVIL = st.text(st.sampled_from('}{,"[]: \\a'), max_size=6)
ITEMS = st.dictionaries(
    EVIL | st.sampled_from(["a", "b"]),
    EVIL | st.integers(0, 9) | st.lists(st.dictionaries(st.just("c"), st.integers(0, 9), max_size=2), max_size=3),
    max_size=3,
)


def streamed(content, cuts, *, in_runs):
    """What the stream hands out, and how it ends."""
    parser = ArrayParser()
    parser._between = None if in_runs else ""
    items = []
    places = [0, *sorted(cuts), len(content)]
    try:
        for start, end in pairwise(places):
            items.extend(parser.feed(content[start:end]))
        items.extend(parser.finish(""))
    except ValueError as error:
        return items, parser.count, str(error)
    return items, parser.count, None


@pytest.mark.parametrize("parser", [pytest.param(FAST, marks=needs_fast), None])
@given(data=st.data(), items=st.lists(ITEMS | st.integers(0, 9), max_size=12))
def test_runs_decode_to_the_same_items(parser, data, items):
    separators = data.draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", ":")]))
    content = json.dumps(items, separators=separators)
    place = data.draw(st.integers(0, len(content)))
    broken = content[:place] + data.draw(st.sampled_from(["", "]", "}", ",", '"', "},{"])) + content[place:]
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=3))
    with using(parser):
        assert streamed(content, cuts, in_runs=True) == (items, len(items), None)
        assert streamed(broken, cuts, in_runs=True) == streamed(broken, cuts, in_runs=False)


def test_a_stream_of_objects_is_decoded_in_runs(monkeypatch):
    runs = []
    monkeypatch.setattr(_json, "parse", lambda text: runs.append(text) or json.loads(text))
    items = [{"id": number} for number in range(20_000)]
    assert streamed(json.dumps(items), [70_000, 200_000], in_runs=True) == (items, len(items), None)
    assert 3 <= len(runs) <= 10
    assert max(map(len, runs)) < 70_000
