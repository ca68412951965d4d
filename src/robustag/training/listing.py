"""The table of recipes in docs/training.md."""

from robustag.training.recipes import RECIPES


def markdown() -> str:
    """One row a recipe, under a header."""
    rows = [
        ("recipe", "what it does", "passes", "options", "reference"),
        ("---",) * 5,
        *((f"`{r.name}`", r.summary, r.passes, r.options, r.reference) for r in RECIPES.values()),
    ]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)
