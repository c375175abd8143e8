"""Decoding a long list from bytes to typed objects: CPU time and peak of memory, each decoder in its own process."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gc
import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from benchmarks import machine
from coggno._generated.operations import GET_USER_LICENSES, LIST_USERS
from coggno._protocol import decode as _decode
from coggno._protocol import json as _json
from coggno.models import User, UserLicenses

Decode = Callable[[bytes], Any]

_TYPES: Final[Mapping[str, Any]] = {"users": list[User], "licenses": UserLicenses}


def write_data(folder: Path, rows: int) -> dict[str, str]:
    """Write responses of that many rows; return the file of each kind of data."""
    files = {data: folder / f"{data}-{rows}.json" for data in _TYPES}
    for data, file in files.items():
        file.write_text(json.dumps(_response(data, rows)))
    return {data: str(file) for data, file in files.items()}


def _response(data: str, rows: int) -> Any:
    if data == "users":
        return list(map(_user, range(rows)))
    user = {"id": 1, "first_name": "Ada", "last_name": "Lovelace"}
    return {"user": user, "licenses": list(map(_license, range(rows)))}


def write_users(file: Path, rows: int) -> None:
    """Write a list of users without holding it in memory."""
    with file.open("w") as out:
        for number in range(rows):
            out.write(("[" if number == 0 else ", ") + json.dumps(_user(number)))
        out.write("]")


def _user(number: int) -> dict[str, Any]:
    return {"id": number, "login": f"user{number}@example.com", "first_name": "Ada", "last_name": "Lovelace"}


def _license(number: int) -> dict[str, Any]:
    return {
        "document": {"id": number % 500, "title": f"Training {number % 500}"}, "amount": 1, "used": number % 2,
        "views": 3, "start_date": "2025-01-15", "complete_date": "2025-02-01" if number % 3 else None,
        "total_time": 120, "score": 88.5, "status": "complete", "passed": True, "created_at": "2025-01-10",
    }  # fmt: skip


def seconds(decoder: str, data: str, file: str) -> float:
    """Return the CPU seconds of decoding the file once.

    The young generation is collected within the measurement: a decoder that pauses the garbage collector would
    otherwise leave that work to the code after it.
    """
    decode, content = _make(decoder, data), _content(file)
    gc.collect()
    begin = time.process_time()
    result = decode(content)
    gc.collect(0)
    elapsed = time.process_time() - begin
    del result
    return elapsed


def memory(decoder: str, data: str, file: str) -> float:
    """Return the growth of the memory peak in MB. Meaningful once per process."""
    decode, content = _make(decoder, data), Path(file).read_bytes()
    gc.collect()
    before = machine.resident()
    result = decode(content)
    grown = machine.peak() - before
    del result
    return grown


@cache
def _content(file: str) -> bytes:
    return Path(file).read_bytes()


@cache
def _make(decoder: str, data: str) -> Decode:
    decode = DECODERS[decoder](data)
    decode(json.dumps(_response(data, 1)).encode())  # fills caches, which are not to be measured
    return decode


def _coggno(data: str) -> Decode:
    operation: Any = {"users": LIST_USERS, "licenses": GET_USER_LICENSES}[data]
    return lambda content: _decode.decode(operation, content)


def _coggno_with_speed(data: str) -> Decode:
    import msgspec  # noqa: F401 - raises ImportError where the extra `speed` is not installed

    return _coggno(data)


def _coggno_without_speed(data: str) -> Decode:
    _json.fast_parser = lambda: None
    return _coggno(data)


def _msgspec_attrs(data: str) -> Decode:
    import msgspec

    return msgspec.json.Decoder(_TYPES[data]).decode


def _msgspec_attrs_paused(data: str) -> Decode:
    decode = _msgspec_attrs(data)

    def decode_paused(content: bytes) -> Any:
        with _json.collector_paused():
            return decode(content)

    return decode_paused


def _json_cattrs(data: str) -> Decode:
    return _cattrs(json.loads, data, detailed=True)


def _orjson_cattrs(data: str) -> Decode:
    import orjson

    return _cattrs(orjson.loads, data, detailed=False)


def _cattrs(loads: Decode, data: str, *, detailed: bool) -> Decode:
    import attrs
    from cattrs import Converter

    converter = Converter(detailed_validation=detailed)
    converter.register_structure_hook(dt.date, lambda value, _: dt.date.fromisoformat(value))
    attrs.resolve_types(UserLicenses)
    return lambda content: converter.structure(loads(content), _TYPES[data])


def _msgspec_structs(data: str) -> Decode:
    import msgspec

    return msgspec.json.Decoder(_copies(data, msgspec.defstruct)).decode


def _pydantic(data: str) -> Decode:
    from pydantic import TypeAdapter
    from pydantic.dataclasses import dataclass

    def make(name: str, fields: list[tuple[str, Any]]) -> Any:
        return dataclass(dataclasses.make_dataclass(name, fields))

    return TypeAdapter(_copies(data, make)).validate_json


def _copies(data: str, make: Callable[[str, list[tuple[str, Any]]], Any]) -> Any:
    """Return the models of the response, declared with another library."""
    if data == "users":
        return list[make("User", [("id", int), ("login", str), ("first_name", str), ("last_name", str)])]
    document = make("Document", [("id", int), ("title", str)])
    licence = make("License", [
        ("document", document), ("amount", int), ("used", int), ("views", int | None), ("start_date", dt.date | None),
        ("complete_date", dt.date | None), ("total_time", int | None), ("score", float | None), ("status", str),
        ("passed", bool), ("created_at", dt.date | None),
    ])  # fmt: skip
    user = make("User", [("id", int), ("first_name", str), ("last_name", str)])
    return make("Licenses", [("user", user), ("licenses", list[licence])])


def _openapi_python_client(data: str) -> Decode:
    from opc_client import models

    return _from_dict(models, data)


def _openapi_generator(data: str) -> Decode:
    from openapi_client import models

    return _from_dict(models, data)


def _from_dict(models: Any, data: str) -> Decode:
    if data == "users":
        return lambda content: [models.User.from_dict(item) for item in json.loads(content)]
    return lambda content: models.UserLicenses.from_dict(json.loads(content))


DECODERS: Final[Mapping[str, Callable[[str], Decode]]] = {
    "coggno-speed": _coggno_with_speed,
    "coggno": _coggno_without_speed,
    "msgspec-attrs": _msgspec_attrs,
    "msgspec-attrs-gc-paused": _msgspec_attrs_paused,
    "msgspec-structs": _msgspec_structs,
    "orjson-cattrs": _orjson_cattrs,
    "json-cattrs": _json_cattrs,
    "pydantic": _pydantic,
    "openapi-python-client": _openapi_python_client,
    "openapi-generator": _openapi_generator,
}
MEMORY_MEASURED: Final = frozenset(
    {"coggno-speed", "coggno", "msgspec-attrs", "msgspec-structs", "orjson-cattrs", "json-cattrs"}
)
TITLES: Final[Mapping[str, str]] = {
    "coggno-speed": "**coggno** with the extra `speed`",
    "coggno": "**coggno** without it",
    "msgspec-attrs": "msgspec into our attrs models",
    "msgspec-attrs-gc-paused": "the same, garbage collector paused",
    "msgspec-structs": "msgspec into its own structs",
    "orjson-cattrs": "orjson + cattrs, no detailed validation",
    "json-cattrs": "json + cattrs, default settings",
    "pydantic": "pydantic dataclasses, `validate_json`",
    "openapi-python-client": "openapi-python-client",
    "openapi-generator": "openapi-generator (pydantic)",
}
