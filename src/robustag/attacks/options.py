"""The numbers that options of attacks may be."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from robustag.errors import InputError

_COUNT = {"type": "integer", "minimum": 1}
_WHOLE = {"type": "integer", "minimum": 0}
_POSITIVE = {"type": "number", "exclusiveMinimum": 0}
_NOT_NEGATIVE = {"type": "number", "minimum": 0}

#: Options by name, as the schema of configurations has them.
_NUMBERS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("steps", "searches", "queries", "count_steps", "attempts", "features"), _COUNT),
    "restarts": _WHOLE,
    **dict.fromkeys(("rate", "learning_rate", "constant"), _POSITIVE),
    **dict.fromkeys(("momentum", "overshoot", "confidence", "exponent"), _NOT_NEGATIVE),
    "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
}


def check_numbers(attack: str, options: Mapping[str, Any]) -> None:
    """Refuse the first number that makes no sense.

    Raises
    ------
    InputError
        If an option is of another kind, not finite, or out of its range.

    >>> check_numbers("pgd", {"steps": 20, "rate": 2.5})
    """
    for name, schema in _NUMBERS.items():
        if name in options and not _fits(options[name], schema):
            raise InputError(f"attack '{attack}' has {name} {options[name]!r}: give {_wanted(schema)}")


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    kind = Integral if schema["type"] == "integer" else Real
    return (
        isinstance(value, kind)
        and not isinstance(value, bool)
        and abs(value) < float("inf")
        and value >= schema.get("minimum", value)
        and not value <= schema.get("exclusiveMinimum", value - 1)
        and value <= schema.get("maximum", value)
    )


def _wanted(schema: Mapping[str, Any]) -> str:
    whole = "a whole number" if schema["type"] == "integer" else "a number"
    above = (
        f"of {schema['minimum']} or more" if "minimum" in schema else f"above {schema['exclusiveMinimum']}"
    )
    return f"{whole} {above}" + (f", {schema['maximum']} at most" if "maximum" in schema else "")
