"""Which jets are used: a condition on numbers of the jet, in a small and safe grammar.

``abs(Jet_eta) < 2.1 and (Jet_jetId >= 2 or Jet_pt > 50)``: names of columns, numbers, + - * / % and &, the
comparisons, ``in [4, 5]``, and, or, not, abs, sqrt, log, min and max. Nothing else is Python.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from robustag.errors import InputError

_BINARY: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.BitAnd: lambda a, b: np.asarray(a).astype(np.int64) & np.asarray(b).astype(np.int64),
}
_UNARY: dict[type, Callable] = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: np.logical_not}
_COMPARED: dict[type, Callable] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: np.isin,
    ast.NotIn: lambda value, among: ~np.isin(value, among),
}
_JOINED: dict[type, Callable] = {ast.And: np.logical_and, ast.Or: np.logical_or}
_FUNCTIONS: dict[str, Callable] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
}


class Condition:
    """A condition on jets.

    Parameters
    ----------
    text : str

    Raises
    ------
    InputError
        If it does not follow the grammar, naming what does not.

    Examples
    --------
    >>> condition = Condition("abs(eta) < 2.5 and flavour in [4, 5]")
    >>> condition.columns
    ['eta', 'flavour']
    >>> condition({"eta": np.array([0.1, -3.0, 1.0]), "flavour": np.array([5, 4, 0])})
    array([ True, False, False])
    """

    def __init__(self, text: str) -> None:
        self._text = text
        try:
            self._node = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            raise InputError(
                f"the condition '{text}' is no expression: write such as abs(eta) < 2.5"
            ) from None
        found: dict[str, None] = {}
        self._check(self._node, found)
        if not isinstance(self._node, ast.Compare | ast.BoolOp) and not (
            isinstance(self._node, ast.UnaryOp) and isinstance(self._node.op, ast.Not)
        ):
            raise InputError(f"the condition '{text}' compares nothing: write such as abs(eta) < 2.5")
        self.columns = list(found)

    def __call__(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Whether each jet fulfils it, bool [N]; a comparison with a number that does not exist is false."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self._value(self._node, columns), dtype=bool)

    def _check(self, node: ast.AST, found: dict[str, None]) -> None:
        """Refuse what the grammar lacks, and note the columns."""
        if (name := _column(node)) is not None:
            found[name] = None
            return
        inner: list[Any]
        match node:
            case ast.Constant(value=bool() | int() | float()):
                return
            case ast.BoolOp(op=op, values=inner) if type(op) in _JOINED:
                pass
            case ast.UnaryOp(op=op, operand=one) if type(op) in _UNARY:
                inner = [one]
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _BINARY:
                inner = [left, right]
            case ast.Compare(left=left, ops=ops, comparators=others) if all(
                type(o) in _COMPARED for o in ops
            ):
                inner = [left, *others]
            case ast.Call(func=ast.Name(id=name), args=inner, keywords=[]) if name in _FUNCTIONS:
                pass
            case ast.List(elts=inner) | ast.Tuple(elts=inner):
                pass
            case _:
                raise InputError(
                    f"the condition '{self._text}' holds '{ast.unparse(node)}': use names of columns, "
                    f"numbers, + - * / % &, comparisons, in [...], and, or, not, {', '.join(_FUNCTIONS)}"
                )
        for each in inner:
            self._check(each, found)

    def _value(self, node: ast.AST, columns: Mapping[str, np.ndarray]) -> Any:
        if (name := _column(node)) is not None:
            return columns[name]
        match node:
            case ast.Constant(value=value):
                return value
            case ast.BoolOp(op=op, values=values):
                return reduce(_JOINED[type(op)], [self._value(each, columns) for each in values])
            case ast.UnaryOp(op=op, operand=one):
                return _UNARY[type(op)](self._value(one, columns))
            case ast.BinOp(op=op, left=left, right=right):
                return _BINARY[type(op)](self._value(left, columns), self._value(right, columns))
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [self._value(each, columns) for each in (left, *others)]
                parts = [_COMPARED[type(o)](a, b) for o, a, b in zip(ops, sides, sides[1:], strict=False)]
                return reduce(np.logical_and, parts)
            case ast.Call(func=ast.Name(id=name), args=inner):
                return _FUNCTIONS[name](*(self._value(each, columns) for each in inner))
            case ast.List(elts=inner) | ast.Tuple(elts=inner):
                return [self._value(each, columns) for each in inner]
        raise AssertionError(ast.dump(node))


def _column(node: ast.AST) -> str | None:
    """The column that a node names, ``pt`` or ``jets.pt``; None if it is something else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name) if (outer := _column(inner)) is not None:
            return f"{outer}.{name}"
    return None
