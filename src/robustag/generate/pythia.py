"""Proton collisions from Pythia 8 as flat arrays.

Events leave Pythia in batches through its awkward interface; no Python loop runs over particles.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import awkward as ak
import numpy as np
import pythia8mc

from robustag.errors import InputError
from robustag.generate.weights import MODEL, labels, weight_settings

# Hard processes by sample name; everything except ttbar is generated with a lower pT-hat cut.
PROCESSES: dict[str, tuple[str, ...]] = {
    "ttbar": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
    "bb": ("HardQCD:gg2bbbar = on", "HardQCD:qqbar2bbbar = on"),
    "cc": ("HardQCD:gg2ccbar = on", "HardQCD:qqbar2ccbar = on"),
    "light": (
        "HardQCD:gg2gg = on",
        "HardQCD:gg2qqbar = on",
        "HardQCD:qg2qg = on",
        "HardQCD:qq2qq = on",
        "HardQCD:qqbar2gg = on",
        "HardQCD:qqbar2qqbarNew = on",
    ),
}
_QCD_DEFAULTS = {"pthat_min": 20.0, "pthat_max": 300.0, "bias_power": 2.5}

BATCH = 250
# Of Pythia's own seeds, which start at 1.
MAX_SEED = 900_000_000
# Share of the events asked for that Pythia may fail to complete.
FAILURE_LIMIT = 0.02


@dataclass(frozen=True)
class ParticleBatch:
    """The event records of E events with P particles in all.

    number: uint64 [E], the event's number in its chunk; weight: float64 [E]; offsets: int64 [E + 1];
    event: int64 [P], index of the particle's event in this batch; pdg_id, status, mother, daughter1,
    daughter2: int32 [P], family indices count inside the event; momentum: float64 [P, 4] (px, py, pz, E) in
    GeV; mass: float64 [P]; vertex: float64 [P, 3] in mm, relative to the collision; relative_weights: float64
    [E] by name, the weight of each event with other settings over its own.
    """

    number: np.ndarray
    weight: np.ndarray
    offsets: np.ndarray
    event: np.ndarray
    pdg_id: np.ndarray
    status: np.ndarray
    mother: np.ndarray
    daughter1: np.ndarray
    daughter2: np.ndarray
    momentum: np.ndarray
    mass: np.ndarray
    vertex: np.ndarray
    relative_weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def item(self) -> np.ndarray:
        """Index of each particle inside its event, int64 [P]."""
        return np.arange(len(self.event)) - self.offsets[self.event]

    def flat(self, local: np.ndarray, of: np.ndarray) -> np.ndarray:
        """Flat index of the particle with index `local` in the event of flat particle `of`."""
        return local + self.offsets[self.event[of]]


def pythia_settings(sample: dict) -> tuple[str, ...]:
    """The Pythia settings of a sample: process, energy, phase space, then the sample's own `pythia` lines.

    Raises InputError for an unknown process or key, and for pT-hat keys on ttbar.
    """
    process = sample.get("process")
    if process not in PROCESSES:
        raise InputError(f"sample: unknown process '{process}'; choose one of {', '.join(PROCESSES)}")
    allowed = {"process", "pythia"} | (set() if process == "ttbar" else set(_QCD_DEFAULTS))
    unknown = sorted(set(sample) - allowed)
    if unknown:
        raise InputError(f"sample: key '{unknown[0]}' means nothing for process '{process}'")
    settings = ["Beams:eCM = 13000.", *PROCESSES[process]]
    if process != "ttbar":
        qcd = _QCD_DEFAULTS | sample
        settings += [
            f"PhaseSpace:pTHatMin = {qcd['pthat_min']}",
            f"PhaseSpace:pTHatMax = {qcd['pthat_max']}",
            "PhaseSpace:bias2Selection = on",
            f"PhaseSpace:bias2SelectionPow = {qcd['bias_power']}",
            f"PhaseSpace:bias2SelectionRef = {qcd['pthat_min']}",
        ]
    return (*settings, *sample.get("pythia", ()))


class Generator:
    """A Pythia instance with its settings, its seed (1 to MAX_SEED) and weights as of `weight_settings`.

    Raises InputError that names the setting Pythia refuses, or if its shower has no weights. `failed` counts
    events that Pythia gave up on, `seconds` the CPU time spent inside Pythia.
    """

    def __init__(
        self,
        settings: tuple[str, ...],
        seed: int,
        weights: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        started = time.process_time()
        self._pythia = pythia8mc.Pythia("", False)
        seeded = ("Random:setSeed = on", f"Random:seed = {seed}")
        # A sample's own settings come after those of the weights, so that they have the last word.
        for setting in ("Print:quiet = on", *weight_settings(weights), *settings, *seeded):
            if not self._pythia.readString(setting):
                raise InputError(f"Pythia does not know the setting '{setting}'; correct it in the sample")
        if not self._pythia.init():
            raise InputError(f"Pythia cannot start with these settings: {'; '.join(settings)}")
        if self._pythia.settings.mode(MODEL) != 1 and any("shower" in each for each in weights.values()):
            raise InputError(
                f"{MODEL} = {self._pythia.settings.mode(MODEL)} gives events no weights of the shower: "
                "take it out of the sample, or these weights out of the study"
            )
        names = list(self._pythia.infoPython().weightNameVector()) if weights else []
        self._columns = {name: names.index(label) for name, label in labels(weights).items()}
        self.failed = 0
        self.seconds = time.process_time() - started

    def batches(self, events: int, size: int = BATCH) -> Iterator[ParticleBatch]:
        """Generate `events` events, `size` at a time. A failed event is counted and leaves its number unused.

        Raises InputError when more than FAILURE_LIMIT of the events (and more than ten) fail.
        """
        for first in range(0, events, size):
            count = min(size, events - first)
            started = time.process_time()
            record = self._pythia.nextBatch(count, "none")
            self.seconds += time.process_time() - started
            alive = ~ak.to_numpy(ak.is_none(record))
            self.failed += count - int(alive.sum())
            if self.failed > max(10, FAILURE_LIMIT * events):
                raise InputError(
                    f"Pythia failed on {self.failed} of {first + count} events; check the sample's settings"
                )
            if not alive.any():
                continue
            yield _flatten(
                ak.drop_none(record, axis=0),
                np.uint64(first) + np.flatnonzero(alive).astype(np.uint64),
                self._columns,
            )

    def cross_section(self) -> float:
        """The generated cross section so far [pb]."""
        return self._pythia.infoPython().sigmaGen() * 1e9


def _flatten(record: ak.Array, number: np.ndarray, weights: Mapping[str, int]) -> ParticleBatch:
    """One awkward batch as flat NumPy arrays; weights: the column of each relative weight."""
    particles = record.prt
    counts = ak.to_numpy(ak.num(particles.id, axis=1))
    flat = ak.flatten(particles, axis=1)

    def column(array: ak.Array, dtype: type) -> np.ndarray:
        return ak.to_numpy(array).astype(dtype, copy=False)

    weight = column(record.info.weights[:, 0], np.float64)
    vertex = ak.fill_none(flat.vProd, ak.Record({"px": 0.0, "py": 0.0, "pz": 0.0, "e": 0.0}))
    return ParticleBatch(
        number=number,
        weight=weight,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        event=np.repeat(np.arange(len(counts)), counts),
        pdg_id=column(flat.id, np.int32),
        status=column(flat.status, np.int32),
        mother=column(flat.mother1, np.int32),
        daughter1=column(flat.daughter1, np.int32),
        daughter2=column(flat.daughter2, np.int32),
        momentum=np.stack([column(flat.p[axis], np.float64) for axis in ("px", "py", "pz", "e")], axis=1),
        mass=column(flat.m, np.float64),
        vertex=np.stack([column(vertex[axis], np.float64) for axis in ("px", "py", "pz")], axis=1),
        relative_weights={
            name: column(record.info.weights[:, position], np.float64) / weight
            for name, position in weights.items()
        },
    )
