"""Bunch crossings as several detectors see it; what they share is made once."""

import awkward as ak
import numpy as np

from robustag.classes import HADRON_FLAVOURS
from robustag.generate.branches import (
    event_branches,
    jet_branches,
    pile_up_branches,
    primary_vertex_branches,
)
from robustag.generate.calorimeter import make_towers
from robustag.generate.charged import final_charged
from robustag.generate.detector import Detector
from robustag.generate.fakes import fake_tracks
from robustag.generate.impact import associate_tracks
from robustag.generate.jets import cluster_jets, core_depth, measured_jets
from robustag.generate.labels import find_truth, hadron_flavour, parton_flavour, prompt_leptons
from robustag.generate.material import with_secondaries
from robustag.generate.origins import Origin
from robustag.generate.pileup import BunchCrossings, charged_elsewhere
from robustag.generate.random import Streams
from robustag.generate.tagging import tagging_variables
from robustag.generate.tracker import CovarianceGrid
from robustag.generate.tracks import (
    TrackCandidates,
    Tracks,
    join_tracks,
    measure_tracks,
    track_candidates,
    true_parameters,
)
from robustag.generate.vertices import (
    choose_primary_vertices,
    find_secondary_vertices,
    fit_primary_vertices,
)


class Response:
    """Bunch crossings with their jets, labels and charged particles, ready to be measured by any detector.

    Detectors may differ in everything but calorimeter, luminous region and pile-up, which are those of
    `detector`.
    """

    def __init__(
        self, crossings: BunchCrossings, detector: Detector, streams: Streams, run: int, chunk: int
    ) -> None:
        batch = crossings.batch
        self._crossings, self._batch = crossings, batch
        self._streams, self._place = streams, (run, chunk)
        self._truth = find_truth(batch)
        charged = final_charged(batch, self._truth)
        foreign = crossings.collision[charged.particle] >= 0
        charged.origin[foreign] = Origin.PILE_UP
        self._charged, self._hard = charged, charged.take(~foreign)
        removed = prompt_leptons(batch)
        removed[charged_elsewhere(crossings, charged.take(foreign), detector.tracker, streams)] = True
        towers = make_towers(batch, detector.calorimeter, streams, removed)
        self._jets = cluster_jets(*towers, crossings.count)
        self._flavours = {
            "hadronFlavour": hadron_flavour(batch, self._truth, self._jets),
            "partonFlavour": parton_flavour(batch, self._truth, self._jets),
        }
        self._candidates: dict[tuple, TrackCandidates] = {}
        self._truths: dict[tuple, np.ndarray] = {}
        self._events: dict[tuple[float, float], dict[str, ak.Array]] = {}

    def measure(self, detector: Detector, grid: CovarianceGrid) -> tuple[dict[str, ak.Array], dict[str, int]]:
        """What a detector records, as branches, with its number of jets by flavour and of tracks.

        grid: the covariance of the detector's tracker.
        """
        number, field = self._batch.number, detector.tracker.field
        shift = detector.beam_spot_shift
        collision = self._crossings.hard + np.array([*shift, 0.0])
        if shift not in self._events:
            self._events[shift] = event_branches(self._batch, self._truth, collision, *self._place)
            self._events[shift] |= pile_up_branches(self._crossings)
        tracks = self._tracks(detector, grid, collision)
        kept, jets = measured_jets(self._jets, detector, self._streams, number)
        flavours = {name: values[kept] for name, values in self._flavours.items()}
        if detector.pile_up == 0.0:
            primary = fit_primary_vertices(tracks, len(number), detector.beam_spot, field)
            vertices = (primary.ndf > 0.0).astype(np.int64)
        else:
            tracks, primary, vertices = choose_primary_vertices(
                tracks, len(number), detector.beam_spot, field
            )
        pairs = associate_tracks(jets, tracks, primary, field)
        secondary = find_secondary_vertices(pairs.jet, pairs.track, jets.event, tracks, primary, field)
        variables = tagging_variables(jets, pairs, tracks, primary, secondary, detector.tracker)
        counts = {
            name: int((flavours["hadronFlavour"] == value).sum()) for name, value in HADRON_FLAVOURS.items()
        }
        branches = self._events[shift] | primary_vertex_branches(primary, vertices)
        branches |= jet_branches(
            jets, flavours, pairs, tracks.pt[pairs.track], secondary.jet, variables, len(number)
        )
        return branches, counts | {"tracks": len(pairs.jet)}

    def _tracks(self, detector: Detector, grid: CovarianceGrid, collision: np.ndarray) -> Tracks:
        """Measured tracks and fakes; candidates are kept for detectors that only measure them differently."""
        tracker, number = detector.tracker, self._batch.number
        key = (tracker, detector.material)
        if key not in self._candidates:
            charged = with_secondaries(self._charged, self._batch, tracker, detector.material, self._streams)
            px, py, pz = charged.momentum.T
            core = core_depth(
                self._jets, charged.event, np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)
            )
            self._candidates[key] = track_candidates(charged, core, tracker, grid, self._streams, number)
        candidates = self._candidates[key]
        place = (*key, detector.beam_spot_shift)
        if place not in self._truths:
            self._truths[place] = true_parameters(candidates.particles, tracker.field, collision)
        tracks = measure_tracks(candidates, self._truths[place], detector)
        if detector.fakes == 0.0:
            return tracks
        fakes = fake_tracks(self._hard, detector.fakes, number, collision, tracker, grid, self._streams)
        return join_tracks(tracks, fakes)
