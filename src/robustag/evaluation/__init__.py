"""From logits to numbers with errors.

`discriminators` turns logits into tagger outputs, `roc` ranks them exactly, `bootstrap` weighs events,
`histograms` bins them, `assess` makes the tables of one sample, `campaign` runs a model over perturbed
samples, and `differences` compares rows of the collected tables. Only `campaign` needs torch, so
figures and claims import the others without it; this package therefore imports nothing by itself.
"""
