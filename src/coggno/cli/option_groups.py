"""Options that several commands share, as one class: its attributes become options of every command that names it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs

C = TypeVar("C", bound=type)
_GROUPS: Final[set[type]] = set()


def option_group(cls: C) -> C:
    """Make a class a group of options; its attributes are annotated as parameters of a command would be."""
    frozen = attrs.frozen(kw_only=True)(cls)
    _GROUPS.add(frozen)
    return frozen


def expanded(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command that takes the options of its groups one by one, as typer wants them.

    Every parameter whose annotation is a class made with `option_group` is replaced by the attributes of the class.
    """
    signature = inspect.signature(function, eval_str=True)
    groups = {name: each.annotation for name, each in signature.parameters.items() if each.annotation in _GROUPS}
    # In the place of the group: the help lists options in this order.
    parameters = [
        parameter
        for name, each in signature.parameters.items()
        for parameter in (_parameters(groups[name]) if name in groups else [each])
    ]

    @functools.wraps(function)
    def command(**values: Any) -> None:
        made = {
            name: group(**{each.name: values.pop(each.name) for each in attrs.fields(group)})
            for name, group in groups.items()
        }
        function(**values, **made)

    # typer reads both; the annotations of the wrapped function are texts, which it could not find the names of here.
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _parameters(group: Any) -> list[inspect.Parameter]:
    annotations = inspect.get_annotations(group, eval_str=True)
    # The attributes of base classes come first, as attrs has them.
    for base in group.__mro__[1:-1]:
        annotations = inspect.get_annotations(base, eval_str=True) | annotations
    return [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=_default(each), annotation=annotations[each.name]
        )
        for each in attrs.fields(group)
    ]


def _default(attribute: attrs.Attribute[Any]) -> object:
    return inspect.Parameter.empty if attribute.default is attrs.NOTHING else attribute.default
