"""A property that is worked out once; unlike `functools.cached_property` of Python 3.11 it takes no lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class once(Generic[Value]):  # noqa: N801 - it reads as a word before a method
    """The value of a method without arguments, kept as an attribute of its object, under its name."""

    def __init__(self, work: Callable[[Any], Value]) -> None:
        self._work = work
        self._name = work.__name__
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, of: None, owner: type) -> once[Value]: ...

    @overload
    def __get__(self, of: object, owner: type | None = None) -> Value: ...

    def __get__(self, of: object | None, owner: type | None = None) -> once[Value] | Value:
        if of is None:
            return self
        value = self._work(of)
        object.__setattr__(of, self._name, value)
        return value
