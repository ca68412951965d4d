"""Everything between stable particles and measured tracks and jets, built from its configuration."""

import math
from dataclasses import dataclass, field

from robustag.errors import InputError
from robustag.generate.layers import CALORIMETER, TRACKERS, BeamSpot, Calorimeter, Tracker


@dataclass(frozen=True)
class Detector:
    """A tracker, a calorimeter, the luminous region, and factors that a study varies.

    Nothing here changes what the reconstruction believes: the reported covariance, the beam-spot constraint
    and the calibration of the jet probability stay those of the tracker.

    d0_resolution, z0_resolution: factors on the errors; tail_fraction: share of tracks whose errors of d0
    and z0 are tail_scale times as large; efficiency: factor on the tracking efficiency; core_loss: share of
    tracks lost in the core of a jet of 1 TeV; fakes: mean number of fake tracks an event; material: factor
    on the thickness for conversions and nuclear interactions; beam_spot_shift: (x, y) [mm] of the
    collisions; jet_energy_scale: factor on jet pT; jet_energy_resolution: factor on the jet resolution, at
    least 1; pile_up: mean number of other collisions in a bunch crossing.
    """

    tracker: Tracker
    calorimeter: Calorimeter = CALORIMETER
    beam_spot: BeamSpot = field(default_factory=BeamSpot)
    d0_resolution: float = 1.0
    z0_resolution: float = 1.0
    tail_fraction: float = 0.0
    tail_scale: float = 1.0
    efficiency: float = 1.0
    core_loss: float = 0.0
    fakes: float = 0.0
    material: float = 0.0
    beam_spot_shift: tuple[float, float] = (0.0, 0.0)
    jet_energy_scale: float = 1.0
    jet_energy_resolution: float = 1.0
    pile_up: float = 0.0


# Smallest and largest value of the numbers; factors that zero would make meaningless start above it.
_TINY = 1e-6
_LIMITS = {
    "d0_resolution": (_TINY, math.inf),
    "z0_resolution": (_TINY, math.inf),
    "tail_fraction": (0.0, 1.0),
    "tail_scale": (_TINY, math.inf),
    "efficiency": (0.0, 2.0),
    "core_loss": (0.0, 1.0),
    "fakes": (0.0, 1000.0),
    "material": (0.0, 10.0),
    "jet_energy_scale": (0.5, 1.5),
    "jet_energy_resolution": (1.0, 3.0),
    "pile_up": (0.0, 100.0),
}
_MAX_SHIFT = 1.0


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _shift(value: object) -> tuple[float, float]:
    if isinstance(value, (list, tuple)) and len(value) == 2:
        x, y = value
        if all(_is_number(part) and abs(part) <= _MAX_SHIFT for part in (x, y)):
            return float(x), float(y)
    raise InputError(
        f"detector: beam_spot_shift must be [x, y] of at most {_MAX_SHIFT:g} mm each, not {value!r}"
    )


def detector_from(settings: dict) -> Detector:
    """Build a detector from its configuration: `tracker` (a preset's name) and factors of `Detector`.

    Raises InputError for an unknown key, an unknown preset or a number out of its range.
    """
    known = {"tracker", "beam_spot_shift", *_LIMITS}
    if unknown := sorted(set(settings) - known):
        raise InputError(f"detector: unknown key '{unknown[0]}'; known keys are {', '.join(sorted(known))}")
    name = settings.get("tracker")
    if name not in TRACKERS:
        raise InputError(f"detector: unknown tracker '{name}'; choose one of {', '.join(sorted(TRACKERS))}")
    values: dict = {}
    for key, (low, high) in _LIMITS.items():
        if key not in settings:
            continue
        if not _is_number(settings[key]) or not low <= settings[key] <= high:
            raise InputError(
                f"detector: {key} must be a number from {low:g} to {high:g}, not {settings[key]!r}"
            )
        values[key] = float(settings[key])
    if "beam_spot_shift" in settings:
        values["beam_spot_shift"] = _shift(settings["beam_spot_shift"])
    return Detector(TRACKERS[name], **values)
