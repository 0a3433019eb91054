"""Plain loops over numpy arrays as machine code, made at the first call and kept on disk for the next process.

With NUMBA_DISABLE_JIT=1 they stay plain Python: slow, but open to a debugger, and to tests that change them.
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

from numba import njit
from numba.core.caching import FunctionCache

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


OPTIONS: dict[str, Any] = {"forceinline": True, "error_model": "numpy", "_nrt": False}
"""Nothing is allocated, so that nothing needs to be counted: a call costs a third, and a loop less than half."""
_compiled: list[FunctionType] = []


class _Optional(FunctionCache):
    """What cannot be read from disk is compiled, and what cannot be written is compiled again by the next process.

    numba takes a function on disk for stale when its file changes; here also when any other compiled function does.
    """

    def _index_key(self, *asked: Any) -> Any:
        return *super()._index_key(*asked), digest()

    def load_overload(self, *asked: Any) -> Any:
        with suppress(Exception):
            return super().load_overload(*asked)
        return None

    def save_overload(self, *made: Any) -> None:
        with suppress(Exception):
            super().save_overload(*made)


def compiled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """As a decorator. Without any shortcut in floating point."""
    return _compiled_with(function, OPTIONS)


def compiled_for_long(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The same for what takes its time: other threads go on meanwhile."""
    return _compiled_with(function, {**OPTIONS, "nogil": True})


def _compiled_with(function: Callable[Arguments, Result], options: dict[str, Any]) -> Callable[Arguments, Result]:
    machine: Any = njit(**options)(function)
    if machine is not function and isinstance(function, FunctionType):
        _compiled.append(function)
        with suppress(RuntimeError):  # There is nowhere to write.
            machine._cache = _Optional(function)
    result: Callable[Arguments, Result] = machine
    return result


def digest() -> str:
    """Of all compiled functions, and the numbers that they take from their modules."""
    told = blake2b(repr(OPTIONS).encode(), digest_size=16)
    for function in sorted(_compiled, key=lambda each: (each.__module__, each.__qualname__)):
        code, names = function.__code__, function.__globals__
        numbers = [names[name] for name in code.co_names if isinstance(names.get(name), int | float)]
        told.update(repr((function.__module__, code.co_code, code.co_consts, code.co_names, numbers)).encode())
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
