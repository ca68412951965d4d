"""Which jets are used: a condition on numbers of the jet, in a small and safe grammar.

``abs(Jet_eta) < 2.1 and (Jet_jetId >= 2 or Jet_pt > 50)``: names of columns, numbers, + - * / % and &, the
comparisons, ``in [4, 5]``, and, or, not, abs, sqrt, log, min and max. Nothing else is Python. A comparison
with a number that does not exist is false, as is ``!=``; ``not`` of it is true.
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
    # Unlike numpy's own, false for NaN.
    ast.NotEq: lambda a, b: (a < b) | (a > b),
    ast.In: np.isin,
    ast.NotIn: lambda value, among: ~np.isin(value, among) & ~np.isnan(value),
}
_ORDERING = _COMPARED.keys() - {ast.In, ast.NotIn}
_JOINED: dict[type, Callable] = {ast.And: np.logical_and, ast.Or: np.logical_or}
# Those of one number, and those of several.
_SINGLE: dict[str, Callable] = {"abs": np.abs, "sqrt": np.sqrt, "log": np.log}
_SEVERAL: dict[str, Callable] = {
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
}
_FUNCTIONS = _SINGLE | _SEVERAL


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
        self._text = text = " ".join(text.split())
        try:
            self._node = ast.parse(text, mode="eval").body
            found: dict[str, None] = {}
            self._check(self._node, found)
            self(dict.fromkeys(found, np.ones(1, np.int64)))  # which divides by a written zero, too
        except InputError:
            raise
        except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
            raise InputError(
                f"the condition '{text[:200]}' cannot be computed: write such as abs(eta) < 2.5"
            ) from None
        if not found:
            raise InputError(f"the condition '{text}' names no column: write such as abs(eta) < 2.5")
        if not _compares(self._node):
            raise InputError(
                f"the condition '{text}' compares nothing, or joins what does not compare: write such as "
                "abs(eta) < 2.5 and isPileUp == 0"
            )
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
            case ast.Constant(value=bool() | int() | float() as value) if abs(value) < 2**63:
                return
            case ast.BoolOp(op=op, values=inner) if type(op) in _JOINED:
                pass
            case ast.UnaryOp(op=op, operand=one) if type(op) in _UNARY:
                inner = [one]
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _BINARY:
                inner = [left, right]
            case ast.Compare(left=left, ops=[op], comparators=[one]) if isinstance(op, ast.In | ast.NotIn):
                if _numbers(one) is None:
                    raise self._fault(node)
                inner = [left]
            case ast.Compare(left=left, ops=ops, comparators=others) if _ORDERING.issuperset(map(type, ops)):
                inner = [left, *others]
            case ast.Call(func=ast.Name(id=name), args=[_] as inner, keywords=[]) if name in _SINGLE:
                pass
            case ast.Call(func=ast.Name(id=name), args=[_, _, *_] as inner, keywords=[]) if name in _SEVERAL:
                pass
            case _:
                raise self._fault(node)
        for each in inner:
            self._check(each, found)

    def _fault(self, node: ast.AST) -> InputError:
        return InputError(
            f"the condition '{self._text[:200]}' holds '{ast.unparse(node)[:200]}': use names of columns, "
            f"numbers, + - * / % &, comparisons, in [4, 5], and, or, not, {', '.join(_FUNCTIONS)}"
        )

    def _value(self, node: ast.AST, columns: Mapping[str, np.ndarray]) -> Any:
        if (name := _column(node)) is not None:
            column = np.asarray(columns[name])
            # Small and unsigned integers would overflow, and true is 1.
            return column if column.dtype.kind == "f" else column.astype(np.int64)
        if (numbers := _numbers(node)) is not None:
            return numbers
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
        raise AssertionError(ast.dump(node))


def _compares(node: ast.AST) -> bool:
    """Whether a node is a comparison, or joins nothing else."""
    match node:
        case ast.BoolOp(values=values):
            return all(map(_compares, values))
        case ast.UnaryOp(op=ast.Not(), operand=one):
            return _compares(one)
    return isinstance(node, ast.Compare)


def _column(node: ast.AST) -> str | None:
    """The column that a node names, ``pt`` or ``jets.pt``; None if it is something else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name) if (outer := _column(inner)) is not None:
            return f"{outer}.{name}"
    return None


def _numbers(node: ast.AST) -> list[float] | None:
    """The numbers that a list writes out; None if the node is something else."""
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    try:
        found = ast.literal_eval(node)
    except ValueError:
        return None
    plain = all(isinstance(one, int | float) and abs(one) < 2**63 for one in found)
    return list(found) if plain else None
