"""The table of attacks, for people: printed by `robustag attacks` and kept in docs/attacks.md."""

import re

from robustag.attacks.catalogue import ATTACKS
from robustag.attacks.definition import NORMS
from robustag.attacks.info import AttackInfo

# Of a function named in full in a docstring.
_HOME = re.compile(r"robustag\.attacks\.\w+\.")
_HEADER = ("attack", "norm", "forward passes", "backward passes", "knows", "moves", "options", "reference")

_INTRODUCTION = """\
# The attacks

Written by `robustag attacks --markdown`; the same table in plain text comes from `robustag attacks`.

Every attack is a function of `robustag.attacks`, `pgd(model, x, label, budget, **options)`, and an entry of
`attacks:` in a configuration, `{name: pgd, factors: none, steps: 20, rate: 2.5, restarts: 0}`. A definition
may also give `norm` (instead of the attack's own), `factors` (feature scales), `frozen` inputs, `physical`
(ranges of the feature table, covariances of tracks that stay covariances; `consistent`: and whatever the
table [relates](inputs.md#relations)), `loss` (instead of the model's own), and `jets` (how many test jets are
attacked). What an attack raises is its `objective` ([below](#objectives)). Passes are for one jet; "for each
epsilon" says that they do not serve all epsilons of a sweep together. Missing entries never move.
"""

_OBJECTIVES = """\
## Objectives

z are the logits, y is the true flavour, p the softmax of z.

| `objective` | what is raised |
| --- | --- |
| `loss` | the model's own loss, or that of the definition |
| `margin` | largest z of a wrong flavour, minus z_y: above 0 where a jet is misread |
| `probability_margin` | the same of p (PMA, arXiv:2411.15210) |
| `dlr` | the logit margin over the largest z minus the third largest (eq. 6 of arXiv:2003.01690) |
| `BvL`, `BvC`, `CvB`, `CvL` | z_s - z_b, down for signal, up for background; the third flavour stays |
| `towards_b`, `towards_c`, `towards_light` | z of that flavour, minus z_y; jets of that flavour stay |

A number falls most to an attack on itself. Losses of AUC at epsilon 0.05, on the same 6000 jets, means of the
three trainings of the default study; APGD and PGD have 20 steps:

| model | number | FGSM on the loss | PGD on the loss | FGSM on it | APGD on it |
| --- | --- | --- | --- | --- | --- |
| clean_nominal | BvL | 0.0481 | 0.0507 | 0.0509 | 0.0540 |
| clean_nominal | CvL | 0.1423 | 0.1477 | 0.1568 | 0.1646 |
| clean_nominal | BvC | 0.0930 | 0.0996 | 0.1331 | 0.1423 |
| clean_fgsm | BvL | 0.0242 | 0.0250 | 0.0256 | 0.0265 |
| clean_fgsm | CvL | 0.0676 | 0.0691 | 0.0755 | 0.0779 |
| clean_fgsm | BvC | 0.0500 | 0.0527 | 0.0678 | 0.0707 |
| faithful_nominal | BvL | 0.0527 | 0.0561 | 0.0532 | 0.0574 |
| faithful_nominal | CvL | 0.0860 | 0.0906 | 0.1453 | 0.1562 |
| faithful_nominal | BvC | 0.0699 | 0.0826 | 0.1126 | 0.1248 |
| faithful_fgsm | BvL | 0.0277 | 0.0290 | 0.0282 | 0.0296 |
| faithful_fgsm | CvL | 0.0524 | 0.0529 | 0.0861 | 0.0900 |
| faithful_fgsm | BvC | 0.0407 | 0.0458 | 0.0686 | 0.0742 |

The BvL AUC is lower under APGD on BvL than under FGSM and PGD on the loss in each of the twelve trainings.
In the faithful arm, attacks on the loss (its softmax comes twice) find little more than half of what CvL can
lose. The three margins misread as many jets as each other within 0.2 %. `dlr` costs least AUC: its gradient
ends where the true flavour is the last of three (BvL of clean_nominal loses 0.0209 to APGD on it, 0.0376 on
the margin of probabilities, 0.0468 on the margin of logits).

## Steps and momentum

What attacks lack of the best that is known, in per mille of its rise of the objective: 600 jets, means of
clean_nominal, clean_fgsm and faithful_nominal, the best for each jet among 58 attacks on two objectives (20
steps; momentum 0, 0.5, 0.75, 0.9, 1 and rate 1, 1.5, 2.5, 5, 10 with each other, and those below).

| attack | margin, 0.01 | BvL, 0.01 | margin, 0.05 | BvL, 0.05 |
| --- | --- | --- | --- | --- |
| FGSM | 9.6 | 5.5 | 60.0 | 32.9 |
| PGD, rate 2.5 | 0.9 | 0.6 | 8.0 | 4.4 |
| the same with four restarts | 0.7 | 0.4 | 5.7 | 3.2 |
| PGD, rate 5 | 0.6 | 0.4 | 6.0 | 3.3 |
| momentum 1, rate 1.5 | 4.2 | 2.5 | 31.6 | 17.5 |
| momentum 0.75, rate 5 | 0.3 | 0.1 | 3.8 | 1.5 |
| momentum 0.75, rate 10 | 0.3 | 0.1 | 3.0 | 1.1 |
| APGD | 0.6 | 0.4 | 5.3 | 2.1 |
| APGD, 100 steps | 0.6 | 0.3 | 4.2 | 1.8 |

So `momentum_pgd` of the default configuration has momentum 0.75 and rate 10: a step is long and is brought
back inside. Restarts find little for five times the passes, so that there are no adaptive ones.
`fig_optimality` follows the attacks of a study pass by pass.
"""

_SOURCES = """\
## Other than in the papers

Definitions in `config/config.yaml` spend less than the authors of the attacks do, to fit two CPU cores:

* `deepfool` linearises 10 times instead of 50; on the default clean model both misread the same jets. It
  leads away from the true flavour where the paper's leads away from the one that is read: a jet that is
  misread already stays.
* `fmn` has 30 steps instead of 1000, with the step and shrinkage, of those tried, that made the moves
  shortest on 600 jets of clean_nominal, clean_fgsm and faithful_nominal: in L-infinity 26 to 38 % shorter in
  the median than those of `deepfool`, whose distances are upper bounds and no close ones.
* `carlini_wagner` has 4 searches of 50 steps, from c = 0.1 and at a larger learning rate. Its moves over the
  border are 2 % longer in the median than those of 9 searches of 1000 steps with the authors' other options,
  for a sixteenth of the time.
* `worst_case` has 20 steps of PGD on the loss, 20 of APGD on the margin and 40 queries of random search,
  where AutoAttack has 100 steps for each of its attacks along gradients and 5000 queries.
"""

_ALONE = """\
## On a model of one's own

README has an example. Any float jets and whole class numbers will do, and any torch module or function that
returns logits; what cannot be used is refused in one line. Some attacks need more than inputs and labels:

```python
import torch
from robustag.attacks import Budget, Spread, mahalanobis_pgd, pip, transfer

torch.manual_seed(1)
model, other = torch.nn.Linear(5, 3), torch.nn.Linear(5, 3)
x, label = torch.randn(600, 5), torch.arange(600) % 3
nothing = torch.zeros_like(x, dtype=torch.bool)

# Correlations: how the inputs of each class scatter. In other norms than this one they do not count.
spread = Spread.measure(x, nothing, label, classes=3)
along = Budget.around(x, 0.1, norm="mahalanobis", spread=spread, label=label)
moved = mahalanobis_pgd(model, x, label, along, steps=10, rate=2.5, restarts=0)

# Counts: which inputs they are, and how large one is in scaled units.
counts = Budget.around(x, 0.1, frozen=[4], unit=0.5, lower=-3.0)
moved = pip(model, x, label, counts, steps=2, exponent=0.5)

# Another model: the one that the attack is made on.
box = Budget.around(x, 0.1)
moved = transfer(model, x, label, box, source=other, attack={"name": "fgsm"})
```

All inputs are one group of `ngm` and of norm `l2_group`. Where the gradient of a jet has NaN or infinity in
it, the jet is not moved by it and counts for nothing in sums over jets, and a loss that is NaN wins no
comparison: the perturbed inputs are always finite. A warning says for how many jets that was so; in a
study, the column `unusable` of the audit does.
"""

_SCALES = """\
| `factors` | how far an input may move at epsilon = 1 |
| --- | --- |
| `none` | one sigma of the training jets |
| `as_intended`, `as_coded` | shift factors of arXiv:2203.13890 in sigma: as meant, and as its code had them |
| `central` | the standard deviation of the central 20-80 % of the training jets (CMS b-hive) |
| `published` | one sigma of the published data set (`validation.published`); inputs that it lacks stay |
| `resolution` | the resolution that each track reports for its parameters; inputs without a variance stay |
| `uncertainty` | one sigma of the measurement's error ([inputs.md](inputs.md#uncertainties)); others stay |
"""


def table() -> list[tuple[str, ...]]:
    """One row per attack, under a header."""
    return [_HEADER, *(_row(info) for info in ATTACKS.values())]


def plain() -> str:
    """The table in columns, and the norms."""
    rows = table()
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    norms = [f"{name.ljust(12)}  epsilon bounds {meaning}" for name, meaning in NORMS.items()]
    return "\n".join([*lines, "", *norms]) + "\n"


def markdown() -> str:
    """The page docs/attacks.md."""
    rows = [_HEADER, ("---",) * len(_HEADER), *table()[1:]]
    norms = [("norm", "what epsilon bounds"), ("---", "---"), *((f"`{n}`", m) for n, m in NORMS.items())]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    what = [
        line
        for info in ATTACKS.values()
        for line in (
            f"* **{info.name}**: {info.summary}",
            *(f"  * `{option.name}`: {_HOME.sub('', option.meaning)}" for option in info.options),
        )
    ]
    return "\n".join(
        [
            _INTRODUCTION,
            *lines,
            "",
            _never_worse(),
            "",
            *("| " + " | ".join(row) + " |" for row in norms),
            "",
            _SCALES,
            *what,
            "",
            _OBJECTIVES,
            _SOURCES,
            _ALONE.rstrip(),
            "",
        ]
    )


def _never_worse() -> str:
    kept = ", ".join(name for name, info in ATTACKS.items() if info.looks_back)
    return f"No jet ends better than it began, by what is raised, under {kept}; one step is as published."


def _row(info: AttackInfo) -> tuple[str, ...]:
    often = ", for each epsilon" if info.each_epsilon else ""
    return (
        info.name,
        info.norm,
        info.forward_passes + (often if info.forward_passes != "0" else ""),
        info.backward_passes,
        "gradients" if info.needs_gradient else ("outputs" if info.forward_passes != "0" else "nothing"),
        "inputs and counts" if info.moves_integers else "inputs",
        ", ".join(option.name for option in info.options) or "-",
        info.reference,
    )
