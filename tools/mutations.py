"""One small change of a module at a time, as somebody might get it wrong: which there are, and a module with one."""

import ast
from collections.abc import Iterator
from copy import copy
from typing import NamedTuple

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
CALLED = {"min": "max", "floor": "ceil", "any": "all", "minimum": "maximum", "sin": "cos"}
CALLED |= {other: name for name, other in CALLED.items()}


class Mutation(NamedTuple):
    """The `number`th change of a module, at a line, as it was and as it is."""

    number: int
    line: int
    before: str
    after: str


def mutations(source: str) -> list[Mutation]:
    """All changes of a module, in the order of its syntax tree."""
    chooser = _Chooser(None)
    chooser.generic_visit(ast.parse(source))
    return chooser.found


def mutated(source: str, number: int) -> ast.Module:
    """The module with one of its changes."""
    tree = ast.parse(source)
    _Chooser(number).generic_visit(tree)
    return ast.fix_missing_locations(tree)


class _Chooser(ast.NodeTransformer):
    """Counts every possible change, and makes the one wanted.

    Annotations and decorators are not the program, nor what a class is declared with: that it is frozen, or has slots.
    """

    def __init__(self, wanted: int | None) -> None:
        self.wanted = wanted
        self.found: list[Mutation] = []

    def visit(self, node: ast.AST) -> ast.AST:
        chosen = node
        for changed in _changes(node):
            if len(self.found) == self.wanted:
                chosen = changed
            self.found.append(Mutation(len(self.found), node.lineno, _told(node), _told(changed)))  # type: ignore[attr-defined]
        if chosen is not node:
            return ast.copy_location(chosen, node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.decorator_list, decorators = [], node.decorator_list
            node.returns, returns = None, node.returns
            self.generic_visit(node)
            node.decorator_list, node.returns = decorators, returns
            return node
        if isinstance(node, ast.ClassDef):
            node.body = [self.visit(each) for each in node.body]  # type: ignore[misc]
            return node
        if isinstance(node, ast.arg) or (isinstance(node, ast.Assign) and _is_alias(node)):
            return node
        if isinstance(node, ast.AnnAssign):
            if node.value is not None:
                node.value = self.visit(node.value)  # type: ignore[assignment]
            return node
        return self.generic_visit(node)


def _is_alias(node: ast.Assign) -> bool:
    """`Shape = Circle | Polygon`, or a name for something else: types, not the program."""
    return isinstance(node.value, ast.BinOp | ast.Subscript) and not any(
        isinstance(each, ast.Constant | ast.Call) or (isinstance(each, ast.Name) and each.id[:1].islower())
        for each in ast.walk(node.value)
    )


def _told(node: ast.AST) -> str:
    written = ast.unparse(ast.fix_missing_locations(node)).splitlines()
    return written[0] if len(written) == 1 else f"{written[0]} …"


def _with(node: ast.AST, **changed: object) -> ast.AST:
    other = copy(node)
    for name, value in changed.items():
        setattr(other, name, value)
    return other


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=ops):
            for place, op in enumerate(ops):
                for other in COMPARED[type(op)]:
                    yield _with(node, ops=[*ops[:place], other(), *ops[place + 1 :]])
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in COUNTED:
            yield _with(node, op=COUNTED[type(op)]())
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.Constant(value=bool() | int() | float() as value):
            yield ast.Constant(not value if isinstance(value, bool) else value + 1 if value == 0 else value * 2)
            if isinstance(value, int) and not isinstance(value, bool) and value:
                yield ast.Constant(value - 1)
        case ast.Call(func=ast.Name(id=name)) if name in CALLED:
            yield _with(node, func=ast.Name(CALLED[name], ast.Load()))
        case ast.Call(func=ast.Attribute(attr=name) as function) if name in CALLED:
            yield _with(node, func=_with(function, attr=CALLED[name]))
        case ast.IfExp(body=body, orelse=orelse):
            yield _with(node, body=orelse, orelse=body)
        case ast.If(test=test) | ast.While(test=test):
            yield _with(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call())):
            yield ast.Pass()
