"""The built-in Monte Carlo: Pythia 8 events, detector response, jets, vertices and tagging variables.

`chunk.generate_chunk` runs the whole chain for one chunk of one sample and writes NanoAOD-style ROOT files.
The stages, in the order the data goes: `pythia`; `minimum_bias` and `pileup`; `labels` and `origins` (truth);
`calorimeter` and `jets`; `charged`, `material`, `tracks` and `fakes` (with `layers`, `tracker`, `helix`);
`vertices`; `impact` (with `resolution`) and `tagging`; `branches` and `ntuple`. `detector` is what a study
configures and varies, `response` shows one batch to many detectors. Units are mm, GeV and rad everywhere.
"""
