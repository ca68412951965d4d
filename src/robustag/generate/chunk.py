"""One chunk of one sample: from settings to ROOT files, nominal and every detector variation in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import awkward as ak
import numpy as np

from robustag.errors import InputError
from robustag.generate.branches import event_branches, jet_branches, primary_vertex_branches
from robustag.generate.calorimeter import make_towers
from robustag.generate.jets import Jets, make_jets
from robustag.generate.labels import Truth, find_truth, hadron_flavour, parton_flavour, prompt_leptons
from robustag.generate.layers import Detector, detector_from
from robustag.generate.ntuple import NtupleWriter, new_ntuple
from robustag.generate.pythia import Generator, ParticleBatch, pythia_settings
from robustag.generate.random import Purpose, Streams
from robustag.generate.tagging import associate_tracks, tagging_variables
from robustag.generate.tracker import CovarianceGrid, covariance_grid
from robustag.generate.tracks import beam_spot, make_tracks
from robustag.generate.vertices import find_secondary_vertices, fit_primary_vertices

NOMINAL = "nominal"
_PACKAGES = ("robustag", "pythia8mc", "fastjet", "numpy", "numba", "scipy", "awkward", "uproot")
_MAX_SEED = 900_000_000
_FLAVOURS = {"b": 5, "c": 4, "light": 0, "tau": 15}


@dataclass(frozen=True)
class _View:
    detector: Detector
    grid: CovarianceGrid
    writer: NtupleWriter
    counts: dict[str, int]


def generate_chunk(
    sample: dict,
    detector: dict,
    variations: dict[str, dict],
    *,
    events: int,
    seed: int,
    run: int,
    chunk: int,
    outputs: dict[str, Path],
    progress: Callable[[int], None],
) -> dict:
    """Generate `events` collisions and write one ROOT file for the nominal detector and one a variation.

    sample: `process` (ttbar, bb, cc, light), `pythia` (further settings), and for QCD `pthat_min`,
    `pthat_max` [GeV] and `bias_power`. detector: `tracker`, `ip_resolution`. variations: name to overrides of
    detector keys; they see the same Pythia events and the same random numbers. run and chunk become `run` and
    `luminosityBlock`; together with seed they fix every random number. outputs: a path for "nominal" and for
    each variation. progress is called with the number of events done.

    Returns events (generated), failed, sum_weights, cross_section_pb, seconds (CPU, {pythia, detector}), and
    counts: for each output its jets by hadron flavour and its tracks. The same arguments give the same
    arrays. Raises InputError for settings that cannot be used; then, as on any error, no file is left behind.
    """
    if set(outputs) != {NOMINAL, *variations}:
        raise InputError(
            f"outputs must name {', '.join(sorted({NOMINAL, *variations}))}; got {', '.join(sorted(outputs))}"
        )
    if events < 1:
        raise InputError(f"events must be at least 1, not {events}")
    streams = Streams(seed, run, chunk)
    settings = pythia_settings(sample)
    configs = {NOMINAL: detector} | {name: detector | overrides for name, overrides in variations.items()}
    detectors = {name: detector_from(config) for name, config in configs.items()}
    provenance = {
        "sample": sample,
        "pythia": list(settings),
        "seed": seed,
        "run": run,
        "chunk": chunk,
        "versions": {package: version(package) for package in _PACKAGES},
    }
    started = time.process_time()
    generator = Generator(settings, 1 + streams.integer(Purpose.PYTHIA_SEED, _MAX_SEED))
    done, weight = 0, 0.0
    with ExitStack() as stack:
        views = {
            name: _View(
                detectors[name],
                covariance_grid(detectors[name].tracker),
                stack.enter_context(new_ntuple(outputs[name])),
                dict.fromkeys((*_FLAVOURS, "tracks"), 0),
            )
            for name in configs
        }
        for batch in generator.batches(events):
            truth = find_truth(batch)
            collision = beam_spot(streams, batch.number, detectors[NOMINAL])
            common = event_branches(batch, truth, collision, run, chunk)
            # Variations change the tracker alone, so all of them share the nominal jets and labels.
            towers = make_towers(batch, detectors[NOMINAL].calorimeter, streams, prompt_leptons(batch))
            jets = make_jets(*towers, len(batch.number))
            flavours = {
                "hadronFlavour": hadron_flavour(batch, truth, jets),
                "partonFlavour": parton_flavour(batch, truth, jets),
            }
            for view in views.values():
                view.writer.append(common | _measure(batch, truth, jets, flavours, view, streams, collision))
            done += len(batch.number)
            weight += float(batch.weight.sum())
            progress(done)
        report = {
            "events": done,
            "failed": generator.failed,
            "sum_weights": weight,
            "cross_section_pb": generator.cross_section(),
        }
        for name, view in views.items():
            view.writer.finish(
                provenance | report | {"detector": configs[name], "variation": name, "counts": view.counts}
            )
    seconds = {"pythia": generator.seconds, "detector": time.process_time() - started - generator.seconds}
    return report | {"seconds": seconds, "counts": {name: view.counts for name, view in views.items()}}


def _measure(
    batch: ParticleBatch,
    truth: Truth,
    jets: Jets,
    flavours: dict[str, np.ndarray],
    view: _View,
    streams: Streams,
    collision: np.ndarray,
) -> dict[str, ak.Array]:
    """What one detector sees of a batch, as branches."""
    events = len(batch.number)
    field = view.detector.tracker.field
    tracks = make_tracks(batch, truth, view.detector, view.grid, streams, collision)
    primary = fit_primary_vertices(tracks, events, view.detector.beam_spot, field)
    pairs = associate_tracks(jets, tracks, primary, field)
    secondary = find_secondary_vertices(pairs.jet, pairs.track, jets.event, tracks, primary, field)
    variables = tagging_variables(jets, pairs, tracks, primary, secondary, field)
    for name, value in _FLAVOURS.items():
        view.counts[name] += int((flavours["hadronFlavour"] == value).sum())
    view.counts["tracks"] += len(pairs.jet)
    return primary_vertex_branches(primary) | jet_branches(
        jets, flavours, pairs, tracks.pt[pairs.track], secondary.jet, variables, events
    )
