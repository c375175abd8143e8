"""Keys and passwords that a server sends back are masked in whatever spelling."""

import base64
import copy
import json
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coggno._protocol.masking import MASK, LazyHeaders, mask, mask_headers

KEY = "test_??>>~~x1"  # its base64 has "/", "+" and padding


@pytest.mark.parametrize(
    "spelling",
    [
        KEY,
        quote(KEY, safe=""),
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(KEY.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(KEY.encode()).decode(),
        json.dumps({"key": KEY}),
    ],
)
def test_a_secret_is_masked_in_every_spelling(spelling):
    shown = mask({"echo": [f"you sent {spelling}!"]}, [KEY])["echo"][0]
    assert MASK in shown
    assert KEY not in shown
    assert base64.b64encode(KEY.encode()).decode().rstrip("=") not in shown


def test_other_values_stay_as_they_are():
    assert mask({"a": [1, None, True, "b"]}, [""]) == {"a": [1, None, True, "b"]}


def test_names_of_fields_are_masked_too():
    assert mask({KEY: 1}, [KEY]) == {MASK: 1}


@pytest.mark.parametrize("echoed", ["TOPS3CRET&1XYZ", "Tops3cret&1x", "ps3cret&1xyz", "tops3cret&1xyzTops3cret&1xyz"])
def test_other_case_and_shortened_are_masked(echoed):
    shown = mask(f"422: password {echoed} rejected", ["Tops3cret&1xyz"])
    assert shown.replace("*", "") == "422: password  rejected"


def test_a_word_in_common_is_no_secret():
    assert mask("a secret has letters and digits", ["secret-1815-ada"]) == "a secret has letters and digits"


def test_short_secret_is_masked_where_it_stands_alone():
    assert mask("no such node", ["no"]) == "*** such node"


def test_headers_lose_credentials_and_echoed_secrets():
    headers = {"set-cookie": "a=b", "authorization": "x", "location": f"/login?key={quote(KEY, safe='')}", "x-id": "7"}
    assert mask_headers(headers, [KEY]) == {"location": "/login?key=***", "x-id": "7"}


def test_what_is_nested_too_deeply_is_cut_off():
    value = KEY
    for _ in range(5000):
        value = [value]
    assert "[nested too deeply]" in repr(mask(value, [KEY]))


@given(st.text(min_size=6), st.text(), st.text())
def test_no_text_shows_the_secret(secret, before, after):
    assert secret not in mask(before + secret + after, [secret]) or secret in MASK * 9 or set(secret) <= {"*"}


def test_lazy_headers_mask_once_and_forget_the_secrets():
    calls = []

    def masked():
        calls.append(1)
        return mask_headers({"x-echo": KEY, "cookie": "a=b"}, [KEY])

    headers = LazyHeaders(masked)
    assert (calls, headers._mask) == ([], masked)
    assert headers == {"x-echo": MASK}
    assert (len(headers), [*headers], headers["x-echo"], repr(headers)) == (1, ["x-echo"], MASK, "{'x-echo': '***'}")
    assert (calls, headers._mask) == ([1], None)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_of_lazy_headers_are_masked(copied):
    copied_headers = copied(LazyHeaders(lambda: mask_headers({"x-echo": KEY}, [KEY])))
    assert copied_headers == {"x-echo": MASK}
