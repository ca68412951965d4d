"""robustag: how robust are deep-learning jet flavour taggers, and what does adversarial training buy?

The package is a library of pure functions over arrays and tensors; the Snakemake workflow at the
project's root chains them into the study.
"""

__version__ = "0.1.0"
