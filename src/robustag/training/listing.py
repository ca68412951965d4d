"""The table of recipes in docs/training.md."""

from robustag.options import Option
from robustag.training.catalogue import RECIPES


def markdown() -> str:
    """One row per recipe, under a header."""
    rows = [
        ("recipe", "what it does", "passes", "to the weights", "options", "reference"),
        ("---",) * 6,
        *(
            (f"`{r.name}`", r.summary, r.passes, r.to_weights, _told(r.options), r.reference)
            for r in RECIPES.values()
        ),
    ]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def _told(options: tuple[Option, ...]) -> str:
    """The options; in brackets what a definition may leave out."""
    return ", ".join(o.name if o.required else f"[{o.name}]" for o in options) or "-"
