"""From logits to numbers with errors; docs/numbers.md has their formulas.

`discriminators` turns logits into tagger outputs, `roc` ranks them exactly, `bootstrap` weighs events;
`rates`, `calibration`, `binned` and `histograms` measure, `assess` gathers the `tables` of one sample,
`bench` loads models with what says of their inputs, `campaign` runs a model over perturbed samples, `reading`
picks rows of the collected tables, `measurements` finds their numbers and `differences` compares these. Only
`bench` and `campaign` need torch, so figures and claims import the others without it; this package therefore
imports nothing by itself.
"""

VARIED = 1.0
"""The epsilon that stands for the varied sample of a re-simulated scenario in every table."""

PSEUDO_DATA = "pseudo-data"
"""What the sample that plays data is called among the perturbations."""

RAW, ALL, ALONE, FROZEN = "raw", "all", "alone", "frozen"
"""What is attacked in the table groups: no input, all, those of a group alone, all but those."""

SAMPLE = "sample"
"""What the column model says of rows about the sample in the table inventory."""
