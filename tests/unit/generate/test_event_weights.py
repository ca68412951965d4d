"""Weights with which Pythia's collisions stand for other settings, beside collisions made with these."""

import numpy as np
import pytest

from robustag.errors import InputError
from robustag.generate.pythia import Generator, pythia_settings
from robustag.generate.weights import WeightSums, weight_settings

QUICK = ("PartonLevel:MPI = off",)
# b quarks from decays of the Z, where nothing else is varied and a collision takes 0.3 ms.
Z_DECAYS = (
    *("Beams:idA = 11", "Beams:idB = -11", "Beams:eCM = 91.2", "PDF:lepton = off"),
    *("WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 5"),
)
SOFTER, HARDER = {"fragmentation": "frag:rFactB=0.9525"}, {"fragmentation": "frag:rFactB=0.7625"}


def made(settings: tuple[str, ...], events: int, weights: dict, seed: int = 5) -> tuple[list, dict]:
    """Batches, and the weights of all events."""
    batches = list(Generator(settings, seed, weights).batches(events))
    return batches, {
        name: np.concatenate([batch.relative_weights[name] for batch in batches]) for name in weights
    }


def mean(values: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, float]:
    """Weighted mean and its error."""
    weight = np.ones(len(values)) if weight is None else weight
    average = np.average(values, weights=weight)
    return average, np.sqrt(np.sum((weight * (values - average)) ** 2)) / weight.sum()


def partons(batches: list) -> np.ndarray:
    """Final particles of each event."""
    return np.concatenate([np.bincount(b.event[b.status > 0], minlength=len(b.number)) for b in batches])


def b_energy(batches: list) -> np.ndarray:
    """Share of the energy of each event that b hadrons have where strings make them."""
    shares = []
    for batch in batches:
        code = np.abs(batch.pdg_id)
        made = ((code // 100 % 10 == 5) | (code // 1000 % 10 == 5)) & (np.abs(batch.status) // 10 == 8)
        energy = np.bincount(batch.event[made], batch.momentum[made, 3], len(batch.number))
        shares.append(energy / 91.2)
    return np.concatenate(shares)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"shower": "fsr:renorm=2.0"}, "shower says 'fsr:renorm=2.0', which Pythia does not know"),
        ({"shower": "fsr:muRfac=two"}, "'fsr:muRfac=two'"),
        ({"shower": "fsr:muRfac=2.0 isr:muRfac"}, "shower says 'isr:muRfac'"),
        ({"shower": "frag:rFactB=0.9"}, "'frag:rFactB=0.9'.* as fsr:muRfac=1.414"),
        ({"fragmentation": "fsr:muRfac=2.0"}, "'fsr:muRfac=2.0'.* as frag:rFactB=0.95"),
        ({"fragmentation": ""}, "fragmentation says ''"),
        ({"tune": "14"}, "give one of shower or fragmentation"),
        ({}, "give one of shower or fragmentation"),
        (SOFTER | {"shower": "fsr:muRfac=2.0"}, "give one of shower or fragmentation"),
    ],
)
def test_what_pythia_would_pass_over_is_refused(definition: dict, message: str) -> None:
    with pytest.raises(InputError, match=rf"weights of 'odd': .*{message}"):
        weight_settings({"odd": definition})


def test_another_shower_has_no_weights() -> None:
    settings = pythia_settings({"process": "bb", "pythia": [*QUICK, "PartonShowers:model = 2"]})
    with pytest.raises(InputError, match="PartonShowers:model = 2 gives events no weights of the shower"):
        Generator(settings, 1, {"up": {"shower": "fsr:muRfac=1.414"}})


def test_every_name_gets_its_own_weights_in_any_order() -> None:
    """Pythia writes names in lower case and combines what several weights ask for."""
    asked = {
        "B": SOFTER,
        "fsr": {"shower": "fsr:muRfac=1.414"},
        "b": HARDER,
        "both": {"shower": "fsr:muRfac=1.414 isr:muRfac=2.0"},
        "isr": {"shower": "isr:muRfac=2.0"},
    }
    # Events of very different weights: those of variations are relative to them.
    settings = pythia_settings({"process": "bb", "pythia": QUICK})
    batches, weights = made(settings, 60, asked)
    _, other = made(settings, 60, dict(reversed(asked.items())))
    assert batches[0].weight.max() > 50 * batches[0].weight.min()
    for name in asked:
        assert weights[name] == pytest.approx(other[name])
        assert 0.01 < weights[name].std() < 3.0
        assert np.median(weights[name]) == pytest.approx(1.0, abs=0.3)
    assert weights["both"] == pytest.approx(weights["fsr"] * weights["isr"])
    opposite = np.corrcoef(weights["B"], weights["b"])[0, 1]
    assert opposite < -0.5, "without head room they would hardly know of each other"


@pytest.mark.slow
def test_weights_are_one_on_average() -> None:
    asked = {"up": {"shower": "fsr:muRfac=1.414"}, "down": {"shower": "fsr:muRfac=0.707"}, "softer": SOFTER}
    _, weights = made(Z_DECAYS, 6000, asked)
    for name, values in weights.items():
        average, error = mean(values)
        assert average == pytest.approx(1.0, abs=4 * error), name
        assert error < 0.01


@pytest.mark.slow
@pytest.mark.parametrize(("definition", "value"), [(HARDER, 0.7625), (SOFTER, 0.9525)])
def test_weighted_fragmentation_is_that_of_collisions_of_its_own(definition: dict, value: float) -> None:
    """Energy of b hadrons; without head room for Pythia's weights the softer one fails by six errors."""
    batches, weights = made(Z_DECAYS, 16_000, {"varied": definition})
    own, _ = made((*Z_DECAYS, f"StringZ:rFactB = {value}"), 16_000, {}, seed=77)
    energy = b_energy(batches)
    nominal, weighted, varied = mean(energy), mean(energy, weights["varied"]), mean(b_energy(own))
    assert abs(varied[0] - nominal[0]) > 4 * np.hypot(nominal[1], varied[1]), "the effect is seen"
    assert weighted[0] - varied[0] == pytest.approx(0.0, abs=3.5 * np.hypot(weighted[1], varied[1]))


@pytest.mark.slow
def test_a_weighted_shower_is_that_of_collisions_of_its_own() -> None:
    """Number of partons at another scale, with all branchings varied and nothing compensated."""
    exact = (
        "HadronLevel:all = off",
        "UncertaintyBands:FSRpTmin2Fac = 0.0",
        "UncertaintyBands:muSoftCorr = off",
        "UncertaintyBands:deltaAlphaSmax = 1.0",
    )
    batches, weights = made((*Z_DECAYS, *exact), 16_000, {"up": {"shower": "fsr:muRfac=1.414"}})
    factor = f"TimeShower:renormMultFac = {1.414**2}"
    own, _ = made((*Z_DECAYS, exact[0], factor), 16_000, {}, seed=77)
    number = partons(batches)
    nominal, weighted, varied = mean(number), mean(number, weights["up"]), mean(partons(own))
    assert nominal[0] - varied[0] > 10 * np.hypot(nominal[1], varied[1]), "the effect is seen"
    assert weighted[0] - varied[0] == pytest.approx(0.0, abs=3.5 * np.hypot(weighted[1], varied[1]))


def test_sums_of_weights_say_what_is_left() -> None:
    sums = WeightSums()
    for part in ([1.0, 3.0], [1.0, 1.0]):
        sums.add(np.array(part))
    assert sums.summary() == {"mean": 1.5, "effective": pytest.approx(36 / (4 * 12))}
