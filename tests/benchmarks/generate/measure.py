"""The measurements; each runs in a process of its own, so that memory and start-up are its own."""

from __future__ import annotations

import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pythia8mc

from robustag.generate.chunk import generate_chunk
from robustag.generate.detector import detector_from
from robustag.generate.minimum_bias import make_pool
from robustag.generate.pileup import overlay
from robustag.generate.pythia import BATCH, Generator, pythia_settings
from robustag.generate.random import Streams
from robustag.generate.response import Response
from robustag.generate.tracker import covariance_grid

SEED = 12
_POOL = 500


@dataclass(frozen=True)
class Cost:
    """CPU seconds for some events: bare Pythia, our whole job and Pythia inside it; jets made, peak MiB."""

    events: int
    jets: int
    bare: float
    pythia: float
    job: float
    wall: float
    memory: float


def warm_up(detector: dict) -> None:
    """Compile or load the kernels, which every process pays once."""
    _job({"process": "ttbar"}, detector, 5)


def _job(sample: dict, detector: dict, events: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        return generate_chunk(
            sample,
            detector,
            {},
            events=events,
            seed=SEED,
            run=1,
            chunk=1,
            variation="nominal",
            outputs={"nominal": Path(folder) / "nominal.root"},
            progress=lambda _: None,
        )


def bare_pythia(sample: dict, events: int) -> float:
    """CPU seconds that Pythia alone needs for the sample's settings, start-up included: init, then next()."""
    started = time.process_time()
    pythia = pythia8mc.Pythia("", False)
    for setting in (
        "Print:quiet = on",
        *pythia_settings(sample),
        "Random:setSeed = on",
        f"Random:seed = {SEED}",
    ):
        pythia.readString(setting)
    pythia.init()
    for _ in range(events):
        pythia.next()
    return time.process_time() - started


def measure_job(sample: dict, detector: dict, events: int) -> Cost:
    """Our whole job, from settings to a ROOT file, beside bare Pythia in the same process."""
    warm_up(detector)
    wall, started = time.perf_counter(), time.process_time()
    report = _job(sample, detector, events)
    wall, used = time.perf_counter() - wall, time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    jets = sum(count for name, count in report["counts"]["nominal"].items() if name != "tracks")
    bare = bare_pythia(sample, events)
    return Cost(events, jets, bare, report["seconds"]["pythia"], used, wall, memory)


def measure_variations(sample: dict, detectors: dict[str, dict], events: int) -> dict[str, float]:
    """CPU milliseconds an event that each further detector costs in the job of the first one."""
    built = {name: detector_from(settings) for name, settings in detectors.items()}
    grids = {name: covariance_grid(detector.tracker) for name, detector in built.items()}
    nominal = next(iter(built))
    warm_up(detectors[nominal])
    streams = Streams(SEED, 1, 1)
    pool = make_pool(_POOL, SEED) if any(detector.pile_up for detector in built.values()) else None
    spent = dict.fromkeys(built, 0.0)
    for batch in Generator(pythia_settings(sample), SEED).batches(events, BATCH):
        started = time.process_time()
        responses: dict[float, Response] = {}
        for name, detector in built.items():
            mean = detector.pile_up
            if mean not in responses:
                crossings = overlay(batch, pool, mean, detector.beam_spot, streams)
                responses[mean] = Response(crossings, built[nominal], streams, 1, 1)
            responses[mean].measure(detector, grids[name])
            now = time.process_time()
            spent[name] += now - started
            started = now
    return {name: 1000.0 * seconds / events for name, seconds in spent.items()}
