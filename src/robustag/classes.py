"""The classes of every tagger: the label of a jet and the column of its logits."""

CLASSES = ("b", "c", "light")
"""Names in the order of labels."""

B, C, LIGHT = range(len(CLASSES))
