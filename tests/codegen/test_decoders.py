"""Generated decoders accept exactly what cattrs' detailed pass accepts, and return the same."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coggno._protocol.converter import StructureError, structure_in_detail
from coggno._protocol.model import DECODERS
from tests.codegen.helpers import document, generate, ref, returning, sending

FIELDS = {
    "count": {"type": "integer"},
    "name": {"type": "string"},
    "flag": {"type": "boolean"},
    "score": {"type": "number"},
    "day": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "code": {"type": "string", "format": "uuid"},
    "kind": {"enum": ["a", "b"]},
    "closed": {"const": "a"},
    "key": {"type": ["integer", "string"]},
    "either": {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "boolean"}]},
    "when": {"anyOf": [{"type": "string", "format": "date"}, {"type": "integer"}]},
    "anything": {},
    "map": {"type": "object"},
    "days": {"type": "array", "items": {"type": ["string", "null"], "format": "date"}},
    "grid": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
    "any-list": {"type": "array"},
    "part": ref("Part"),
    "parts": {"type": "array", "items": ref("Part")},
    "data": {"type": "integer", "default": 7},
    "type": {"type": ["number", "null"], "default": 1},
    "list": {"type": "array", "items": {"type": "string"}, "default": []},
    "class": {"type": ["string", "null"]},
}
GOOD = {
    "count": 1, "name": "n", "flag": True, "score": 1.5, "day": "2025-01-15", "moment": "2025-01-15T08:00:00Z",
    "code": "0" * 32, "kind": "c", "closed": "a", "key": "x", "either": 2, "when": "2025-01-15", "anything": [None],
    "map": {"a": 1}, "days": [None, "2025-01-15"], "grid": [[1], []], "any-list": [1, "a"], "part": {"id": 1},
    "parts": [{"id": 1}, {"id": 2, "x": 1}], "data": 3, "type": 2, "list": ["a"], "class": None,
}  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 9), st.just(1.5), st.just(10**400),
    st.sampled_from(["a", "x", "", "2025-01-15", "2025-13-01", "2025-01-15T08:00:00", "0" * 32]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "x", "count"]), inner, max_size=2)
    ),
    max_leaves=5,
)
CHANGES = st.dictionaries(st.sampled_from([*FIELDS, "unknown"]), VALUES, max_size=3)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    part = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    schemas = {
        "Part": part,
        "Full": {"type": "object", "required": list(FIELDS), "properties": FIELDS},
        "Loose": {"type": "object", "properties": FIELDS},
        "Both": {"type": "object", "required": ["count"], "properties": {**FIELDS}},
    }
    operations = {
        ("get", "/full"): {**returning(ref("Full")), "operationId": "full"},
        ("get", "/loose"): {**returning(ref("Loose")), "operationId": "loose"},
        ("put", "/both"): {**returning(ref("Both")), **sending(ref("Both"), media="application/json")},
    }
    return generate(tmp_path_factory.mktemp("decoders"), document(operations, schemas=schemas)).models


def outcome(decode, *arguments):
    try:
        return repr(decode(*arguments))
    except (StructureError, ValueError, TypeError, KeyError, OverflowError, AttributeError):
        return "mismatch"


@pytest.mark.parametrize("name", ["Full", "Loose", "Both"])
@given(change=CHANGES, without=st.sets(st.sampled_from(list(FIELDS)), max_size=2))
@settings(max_examples=300)
def test_decoders_agree_with_the_detailed_pass(models, name, change, without):
    model = getattr(models, name)
    data = {key: value for key, value in {**GOOD, **change}.items() if key not in without}
    taken = copy.deepcopy(data)  # the items of inner lists become models in their places
    fast = outcome(DECODERS[model], taken)
    assert fast == outcome(structure_in_detail, data, model)
    assert fast == outcome(structure_in_detail, taken, model)


@pytest.mark.parametrize("name", ["Full", "Loose", "Both"])
def test_good_data_is_decoded_fast(models, name):
    assert DECODERS[getattr(models, name)](copy.deepcopy(GOOD)).class_ is None


@given(data=VALUES)
def test_other_data_is_refused_by_both(models, data):
    assert outcome(DECODERS[models.Part], data) == outcome(structure_in_detail, data, models.Part)
