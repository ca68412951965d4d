"""The uncertainties of a feature table, for people: kept in docs/inputs.md."""

from robustag.features.blocks import Uncertainty, Variable
from robustag.features.table import FeatureTable


def markdown(table: FeatureTable) -> str:
    """One row for the variables of a block that have an uncertainty in common; at last those without one."""
    rows: dict[tuple[str, str], list[str]] = {}
    for block in table.blocks:
        for variable in block.variables:
            rows.setdefault((block.name, _written(variable)), []).append(f"`{variable.name}`")
    without = ", ".join(name for (_, written), names in rows.items() if not written for name in names)
    lines = [f"| {block} | {', '.join(names)} | {text} |" for (block, text), names in rows.items() if text]
    header = ["| block | variables | one standard deviation |", "| --- | --- | --- |"]
    return "\n".join([*header, *lines, "", f"Without one: {without}."]) + "\n"


def _written(variable: Variable) -> str:
    """In words; empty without an uncertainty."""
    absolute, relative = variable.uncertainty
    if variable.uncertainty == Uncertainty():
        return ""
    unit = "" if variable.unit == "1" else f" {variable.unit}"
    return f"{100 * relative:g} % of the value" if relative else f"{absolute:g}{unit}"
