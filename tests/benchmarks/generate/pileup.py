"""Print what pile-up does to vertices, jets and CPU time: `python -m tests.benchmarks.generate.pileup`.

The same collisions with and without others: `--process light --mean 20 --events 2000`.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path

import awkward as ak
import numpy as np
import yaml

from robustag.generate.detector import Detector, detector_from
from robustag.generate.jets import delta_r, pairs_in_event
from robustag.generate.minimum_bias import Pool, make_pool
from robustag.generate.pileup import overlay
from robustag.generate.pythia import PROCESSES, Generator, pythia_settings
from robustag.generate.random import Streams
from robustag.generate.response import Response
from robustag.generate.tracker import covariance_grid

SEED = 9
ROOT = Path(__file__).resolve().parents[3]
PT_EDGES = (20.0, 30.0, 50.0, 80.0, 150.0, 300.0)
WRONG = 1.0  # mm from the hard collision


def measured(
    process: str, detectors: list[Detector], pool: Pool, events: int
) -> list[tuple[ak.Array, float]]:
    """The same collisions in each detector: branches, and CPU milliseconds an event after Pythia."""
    streams = Streams(SEED, 1, 1)
    parts: list[list[dict]] = [[] for _ in detectors]
    spent = np.zeros(len(detectors))
    for batch in Generator(pythia_settings({"process": process}), SEED).batches(events):
        for place, detector in enumerate(detectors):
            started = time.process_time()
            crossings = overlay(batch, pool, detector.pile_up, detector.beam_spot, streams)
            response = Response(crossings, detector, streams, 1, 1)
            branches, _ = response.measure(detector, covariance_grid(detector.tracker))
            spent[place] += time.process_time() - started
            parts[place].append(branches)
    whole = [{name: ak.concatenate([part[name] for part in made]) for name in made[0]} for made in parts]
    return list(zip(whole, 1000.0 * spent / events, strict=True))


def matched(before: ak.Array, after: ak.Array) -> tuple[np.ndarray, np.ndarray, int]:
    """pT of jets without and with pile-up, within dR 0.2; and how many jets with it have none within 0.4."""
    event = [np.repeat(np.arange(len(jets)), ak.to_numpy(ak.num(jets.pt))) for jets in (before, after)]
    a, b = pairs_in_event(*event)
    (pt, eta, phi), (pt_after, eta_after, phi_after) = (
        [ak.to_numpy(ak.flatten(jets[name])).astype(float) for name in ("pt", "eta", "phi")]
        for jets in (before, after)
    )
    distance = delta_r(eta[a], phi[a], eta_after[b], phi_after[b])
    close = distance < 0.2
    return pt[a[close]], pt_after[b[close]], len(pt_after) - len(np.unique(b[distance < 0.4]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--process", choices=PROCESSES, default="ttbar")
    parser.add_argument("--mean", type=float, default=20.0)
    parser.add_argument("--events", type=int, default=2000)
    options = parser.parse_args()
    settings = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    nominal = settings["generator"]["detector"]
    detectors = [detector_from(nominal | {"pile_up": mean}) for mean in (0.0, options.mean)]
    pool = make_pool(settings["minimum_bias"]["collisions"], SEED)
    measured(options.process, detectors, pool, 5)
    (alone, spent_alone), (piled, spent) = measured(options.process, detectors, pool, options.events)

    print(f"CPU ms/event after Pythia: {spent_alone:.2f} alone, {spent:.2f} with {options.mean:g} collisions")
    wrong = np.abs(ak.to_numpy(piled["PV_z"] - piled["GenVtx_z"])) > WRONG
    leading = ak.to_numpy(ak.fill_none(ak.max(piled["Jet"].pt, axis=1), 0.0))
    print(f"vertices an event: {ak.mean(piled['PV_npvs']):.1f}; the wrong one: {_share(wrong)}")
    before, after, alien = matched(alone["Jet"], piled["Jet"])
    for low, high in pairwise(PT_EDGES):
        ratio = (after / before)[(before >= low) & (before < high)]
        error = ratio.std() / np.sqrt(len(ratio))
        print(
            f"  {low:3.0f} to {high:3.0f} GeV: pT with over without {ratio.mean():.3f} +- {error:.3f}, width "
            f"{ratio.std():.3f}; wrong vertex with such a leading jet "
            f"{_share(wrong[(leading >= low) & (leading < high)])}"
        )
    print(f"jets with pile-up and none without within dR 0.4: {alien / options.events:.2f} an event")


def _share(true: np.ndarray) -> str:
    share = true.mean() if len(true) else np.nan
    return f"{share:.2%} +- {np.sqrt(share * (1.0 - share) / max(len(true), 1)):.2%}"


if __name__ == "__main__":
    main()
