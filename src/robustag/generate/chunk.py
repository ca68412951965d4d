"""One chunk of one sample: from settings to ROOT files, nominal and every detector variation in one pass."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import awkward as ak

from robustag.classes import HADRON_FLAVOURS
from robustag.errors import InputError
from robustag.generate.detector import Detector, detector_from
from robustag.generate.minimum_bias import Pool
from robustag.generate.ntuple import NtupleWriter, new_ntuple
from robustag.generate.pileup import overlay
from robustag.generate.pythia import MAX_SEED, Generator, pythia_settings
from robustag.generate.random import Purpose, Streams
from robustag.generate.response import Response
from robustag.generate.tracker import CovarianceGrid, covariance_grid
from robustag.generate.weights import WeightSums

_PACKAGES = ("robustag", "pythia8mc", "fastjet", "numpy", "numba", "scipy", "awkward", "uproot")


@dataclass(frozen=True)
class _View:
    detector: Detector
    grid: CovarianceGrid
    writer: NtupleWriter
    counts: dict[str, int]

    def record(self, branches: dict[str, ak.Array], counts: Mapping[str, int]) -> None:
        """Write a batch, and add up what is in it."""
        self.writer.append(branches)
        for name, count in counts.items():
            self.counts[name] += count


def generate_chunk(
    sample: dict,
    detector: dict,
    variations: Mapping[str, Mapping],
    *,
    events: int,
    seed: int,
    run: int,
    chunk: int,
    variation: str,
    outputs: Mapping[str, Path],
    progress: Callable[[int], None],
    weights: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    pool: Pool | None = None,
) -> dict:
    """Generate `events` collisions and write a ROOT file for the detector and one for each other detector.

    sample: `process` (ttbar, bb, cc, light), `pythia` (further settings), and for QCD `pthat_min`,
    `pthat_max` [GeV] and `bias_power`. detector: keys of `detector.detector_from`. variations: name to
    overrides of detector keys; they see the same Pythia events and the same random numbers. run and chunk
    become `run` and `luminosityBlock`; together with seed they fix every random number. variation: what the
    main output is called, for a sample that varies the generator. outputs: a path for it and for each of the
    variations. progress is called with the number of events done. weights: as of `weights.weight_settings`;
    each is a branch of all outputs, relative to genWeight. They change which random numbers Pythia
    draws, and so the collisions, but not how these are distributed. pool: what pile-up is drawn from;
    detectors without it need none.

    Returns events (generated), failed, sum_weights, cross_section_pb, seconds (CPU, {pythia, detector}),
    counts: for each output its jets by hadron flavour and its tracks, and weights: for each its mean and what
    share of the events it is worth. The same arguments give the same arrays. Raises InputError for settings
    that cannot be used; then, as on any error, no file is left behind.
    """
    if set(outputs) != {variation, *variations}:
        wanted, given = (", ".join(sorted(names)) for names in ({variation, *variations}, outputs))
        raise InputError(f"outputs must name {wanted}; got {given}")
    if events < 1:
        raise InputError(f"events must be at least 1, not {events}")
    streams = Streams(seed, run, chunk)
    settings = pythia_settings(sample)
    configs = {variation: detector} | {
        name: {**detector, **overrides} for name, overrides in variations.items()
    }
    detectors = {name: detector_from(config) for name, config in configs.items()}
    nominal = detectors[variation]
    provenance = {
        "sample": sample,
        "pythia": list(settings),
        "seed": seed,
        "run": run,
        "chunk": chunk,
        "weights": {name: dict(definition) for name, definition in weights.items()},
        "versions": {package: version(package) for package in _PACKAGES},
    }
    started = time.process_time()
    generator = Generator(settings, 1 + streams.integer(Purpose.PYTHIA_SEED, MAX_SEED), weights)
    done, weight = 0, 0.0
    sums = {name: WeightSums() for name in weights}
    with ExitStack() as stack:
        views = {
            name: _View(
                detectors[name],
                covariance_grid(detectors[name].tracker),
                stack.enter_context(new_ntuple(outputs[name])),
                dict.fromkeys((*HADRON_FLAVOURS, "tracks"), 0),
            )
            for name in configs
        }
        for batch in generator.batches(events):
            for mean in sorted({detector.pile_up for detector in detectors.values()}):
                crossings = overlay(batch, pool, mean, nominal.beam_spot, streams)
                response = Response(crossings, nominal, streams, run, chunk)
                for view in views.values():
                    if view.detector.pile_up == mean:
                        view.record(*response.measure(view.detector, view.grid))
            done += len(batch.number)
            weight += float(batch.weight.sum())
            for name, values in batch.relative_weights.items():
                sums[name].add(values)
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
    return report | {
        "seconds": seconds,
        "counts": {name: view.counts for name, view in views.items()},
        "weights": {name: each.summary() for name, each in sums.items()},
    }
