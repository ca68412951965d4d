"""The built-in Monte Carlo: Pythia 8 events, detector response, jets, vertices and tagging variables.

`chunk.generate_chunk` runs the whole chain for one chunk of one sample and writes NanoAOD-style ROOT files.
The stages, in the order the data goes: `pythia`, `tracks` (with `layers`, `tracker`, `helix`), `calorimeter`,
`jets`, `labels`, `vertices`, `tagging`, `branches`, `ntuple`. Units are mm, GeV and rad everywhere.
"""
