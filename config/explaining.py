"""What pydantic found wrong with a document, in the words of the language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from config.document import Document
from config.findings import Path, Problem
from config.language import Description
from config.names import did_you_mean, nearest
from config.quantities import quoted

_ABOUT_THE_WHOLE = ("told", "missing")


def explain(error: ValidationError, document: Document, whole: type[BaseModel] = Description) -> Iterator[Problem]:
    """The problems of a document that is not `whole`, but for those that are said of it already."""
    for problem in error.errors(include_url=False):
        if not (_follows(problem) or _said(problem, document)):
            yield _as_written(_explained(problem, whole), document)


def keys_at(path: Path, whole: type[BaseModel] = Description) -> tuple[str, ...]:
    """The keys that the mapping at `path` of a `whole` may have."""
    model = whole
    for step in path:
        by_key = {field.alias or name: field for name, field in model.model_fields.items()}
        if step in by_key:
            model = _model_in(by_key[str(step)].annotation) or model
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in inner if model is not None), None)


def _follows(problem: Any) -> bool:
    """Whether the mistake is but the echo of another one in the same list."""
    if problem["type"] != "too_short":
        return False
    return bool(len(problem["input"]) >= problem["ctx"]["min_length"])  # items that are wrong were not counted


def _said(problem: Any, document: Document) -> bool:
    """Whether the mistake follows from a value that could not be read."""
    place = document.nearest(problem["loc"])
    for broken in document.broken:
        if place[: len(broken)] == broken:
            return True
        if problem["type"] in _ABOUT_THE_WHOLE and broken[: len(place)] == place:
            return True
    return False


def _explained(problem: Any, whole: type[BaseModel]) -> Problem:
    loc: Path = problem["loc"]
    match problem["type"]:
        case "missing":
            return Problem(loc[:-1], f"`{loc[-1]}` is missing", f"add `{loc[-1]}: …`")
        case "extra_forbidden":
            return _unknown_key(loc, whole)
        case "told" if loc and loc[-1] == "[key]":
            return Problem(loc[:-1], *_told(problem), at_key=True)
        case "told":
            return Problem(loc, *_told(problem))
        case "model_type" | "model_attributes_type":
            return Problem(loc, _no_mapping(problem), _write(f"{keys_at(loc, whole)[0]}: …"))
    return Problem(loc, *_wrong_kind(problem))


def _as_written(problem: Problem, document: Document) -> Problem:
    """What was read as a number is quoted as it stands in the file: `3.20`, not `3.2`."""
    path = document.nearest(problem.path)
    if path not in document.written:
        return problem
    value, stands = document.texts[path], document.written[path]
    what = problem.what.replace(quoted(value), quoted(stands), 1)
    return problem._replace(what=what, todo=problem.todo.replace(f'"{value}"', f'"{stands}"', 1))


def _told(problem: Any) -> tuple[str, str]:
    return str(problem["ctx"]["what"]), str(problem["ctx"]["todo"])


def _unknown_key(loc: Path, whole: type[BaseModel]) -> Problem:
    key, known = str(loc[-1]), keys_at(loc[:-1], whole)
    return Problem(loc, f"{quoted(key)} is no key here", did_you_mean(key, known), at_key=True)


def _wrong_kind(problem: Any) -> tuple[str, str]:
    value, context = problem["input"], problem.get("ctx", {})
    match problem["type"]:
        case "dict_type":
            by_language = problem["loc"][-1:] == ("text",)
            return _no_mapping(problem), _write("fr: …" if by_language else "key: value")
        case "tuple_type" | "list_type":
            return f"{_named(value)} stands where a list belongs", "write it as [a, b], or one item a line after `- `"
        case "literal_error":
            choices = [choice.strip("'") for choice in str(context["expected"]).replace(" or ", ", ").split(", ")]
            likely = nearest(str(value), choices)
            todo = f"did you mean `{likely}`?" if likely else "write one of them"
            return f"{quoted(value)} is none of {', '.join(choices)}", todo
        case "greater_than_equal" | "less_than_equal":
            least = context.get("ge")
            bound = f"at least {least}" if least is not None else f"at most {context['le']}"
            return f"{quoted(value)} is out of range", f"write {bound}, or leave it out"
        case "int_type" | "int_from_float" | "int_parsing" | "float_type" | "float_parsing" | "finite_number":
            return f"{quoted(value)} is no number that fits here", "write it in digits, without quotes"
        case "bool_parsing" | "bool_type":
            return f"{quoted(value)} is neither yes nor no", "write `true` or `false`"
        case "too_short":
            if value:
                return f"{len(value)} is too few here", f"write at least {context['min_length']}"
            return "nothing stands here", "write at least one, or leave the key out"
    return f"{_named(value)} does not fit here", str(problem["msg"])


def _no_mapping(problem: Any) -> str:
    return f"{_named(problem['input'])} stands where a mapping belongs"


def _write(example: str) -> str:
    return f"write keys with their values, as in {{{example}}}"


def _named(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else quoted(value)
