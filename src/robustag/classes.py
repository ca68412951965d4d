"""The classes of every tagger: the label of a jet and the column of its logits."""

CLASSES = ("b", "c", "light")
"""Names in the order of labels."""

B, C, LIGHT = range(len(CLASSES))

DISCRIMINATED = {"BvL": (B, LIGHT), "BvC": (B, C), "CvB": (C, B), "CvL": (C, LIGHT)}
"""Signal and background of the pairwise discriminators."""

HADRON_FLAVOURS = {"b": 5, "c": 4, "light": 0, "tau": 15}
"""What ntuples call them (PDG code of the quark of the heaviest hadron, 0 for none), and hadronic tau decays,
which are of no class."""
