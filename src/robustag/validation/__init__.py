"""Is the simulation right? Ntuples against the published data set and against their own truth.

Every chunk is reduced to a small table that adds up over chunks: power sums of the inputs (`moments`,
`inputs`), histograms of tracks, vertices and lifetimes (`tracks`, `vertices`, `lifetime`). What the merged
tables say stands in `inputs` (means and widths beside the published ones) and in `closure` (efficiencies,
resolutions, pulls and slopes, with the fits of `fits`).
"""

FLAVOUR_OF_PROCESS = {"bb": "b", "cc": "c", "light": "light"}
"""The flavour whose jets a sample of a process supplies."""
