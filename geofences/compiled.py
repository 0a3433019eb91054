"""Plain loops over numpy arrays as machine code, made at the first call and kept on disk for the next process.

With NUMBA_DISABLE_JIT=1 they stay plain Python: slow, but open to a debugger, and to tests that change them.
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numba import njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator
from numba.extending import register_jitable

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


OPTIONS: dict[str, Any] = {"forceinline": True, "error_model": "numpy", "_nrt": False}
"""Nothing is allocated, so that nothing needs to be counted: a call costs a third, and a loop less than half."""


class _Filled(UserProvidedCacheLocator):
    """NUMBA_CACHE_DIR, where somebody filled it who may write there: a container whose files are read-only."""

    def ensure_cache_path(self) -> None:
        """Nothing is made or written there."""


class _Found(CompileResultCacheImpl):
    _locator_classes = [*CompileResultCacheImpl._locator_classes, _Filled]  # noqa: RUF012 - as numba declares it


class _Optional(FunctionCache):
    """What cannot be read from disk is compiled, and what cannot be written is compiled again by the next process.

    numba takes a function on disk for stale when its file changes; here also when another that it calls does.
    """

    _impl_class = _Found

    def _index_key(self, *asked: Any) -> Any:
        return *super()._index_key(*asked), digest(self._py_func)

    def load_overload(self, *asked: Any) -> Any:
        try:
            return super().load_overload(*asked)
        except Exception:
            with suppress(Exception):
                self.flush()  # else it stays damaged, and every process compiles
            return None

    def save_overload(self, *made: Any) -> None:
        with suppress(Exception):
            super().save_overload(*made)


def _made(function: Callable[Arguments, Result], options: dict[str, Any]) -> Callable[Arguments, Result]:
    machine: Any = njit(**options)(function)
    if machine is not function and isinstance(function, FunctionType):
        with suppress(RuntimeError):  # There is nowhere to write.
            machine._cache = _Optional(function)
    result: Callable[Arguments, Result] = machine
    return result


def compiled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """As a decorator. Without any shortcut in floating point. Who calls it has a copy of it."""
    return _made(function, OPTIONS)


def called(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The same for what is long and seldom needed: it stands once, and is called."""
    return _made(function, {**OPTIONS, "forceinline": False})


def compiled_for_long(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The same for what takes its time: other threads go on meanwhile."""
    return _made(function, {**OPTIONS, "nogil": True})


@compiled
def whole(number: int) -> int:
    """As 64 bits with a sign, whatever it was before, a constant of the source among others: one form of a function."""
    return int(np.int64(number))


def shared(*functions: Callable[..., Any]) -> tuple[Callable[..., Any], ...]:
    """Let compiled functions call these, which stay what they are where Python calls them: one source for both."""
    return tuple(register_jitable(function) for function in functions)


def digest(function: Callable[..., Any]) -> str:
    """Of a function, all that it calls, and the numbers that they take from their modules."""
    told, known = blake2b(repr(OPTIONS).encode(), digest_size=16), set()
    waiting: list[Any] = [function]
    while waiting:
        each = waiting.pop()
        each = getattr(each, "py_func", each)
        if isinstance(each, FunctionType) and each not in known:
            known.add(each)
            code, names = each.__code__, each.__globals__
            values = [names.get(name) for name in code.co_names]
            numbers = [value for value in values if isinstance(value, int | float)]
            told.update(repr((each.__module__, code.co_code, code.co_consts, code.co_names, numbers)).encode())
            waiting += values
    return told.hexdigest()


def direct(function: Callable[..., Result], *call: Any) -> Callable[..., Result]:
    """A compiled function for arguments of the very types of this call, which it makes.

    That spares half of what a call costs, which is to look at the types of all arguments.
    """
    function(*call)
    machine: Any = function
    if not hasattr(machine, "overloads"):
        return function
    result: Callable[..., Result] = machine.get_overload(tuple(machine.typeof_pyval(each) for each in call))
    return result
