"""Synthetic result tables in the layout of the collected ones, from a binormal tagger.

Scores of signal and background are unit normals ``separation`` apart, so AUC = Phi(separation / sqrt 2)
and the mis-tag rate at efficiency e is Phi(Phi^-1(e) - separation).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from robustag.plotting.options import Mismodelling, Pair, Perturbation
from robustag.tensors.weights import WeightMap

MODELS = ("clean_nominal", "clean_fgsm", "faithful_nominal", "faithful_fgsm")
SEEDS = (1, 2, 3)
EPSILONS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1)
ATTACKS = ("noise", "fgsm", "shift_up", "shift_down")
SCENARIOS = {
    "smearing": (0.0, 0.05, 0.1),
    "impact_parameter_shift": (0.0, 0.02),
    "ip_resolution_up": (0.0, 1.0),
}
DISCRIMINATORS = {"BvL": 2.1, "BvC": 1.5, "CvB": 1.5, "CvL": 0.95}
REPLICATES = 40
# Of inputs, as the feature table gives them.
KINDS = {"jet_pt": "jet_pt", "track_0_D0": "track D0", "track_1_D0": "track D0"}
LABELS = {
    "jet_pt": r"jet $p_T$ [GeV]",
    "jet_eta": r"jet $\eta$",
    "vertex_mass": "secondary-vertex mass [GeV]",
    "vertex_energy_fraction": "vertex energy fraction",
}
# How much separation a unit of epsilon costs the nominal and the FGSM-trained model.
SENSITIVITY = {
    "noise": (2.0, 0.8),
    "fgsm": (13.0, 3.0),
    "shift_up": (3.0, 1.0),
    "shift_down": (2.5, 1.2),
    "smearing": (2.0, 0.8),
    "impact_parameter_shift": (6.0, 3.0),
    "ip_resolution_up": (0.12, 0.07),
}


def _separation(model: str, perturbation: str, epsilon: float, discriminator: str) -> float:
    adversarial = model.endswith("fgsm")
    clean = DISCRIMINATORS[discriminator] - 0.03 * adversarial - 0.05 * model.startswith("faithful")
    return clean * np.exp(-SENSITIVITY[perturbation][adversarial] * epsilon / 2.1)


def _perturbations() -> list[tuple[str, str, float]]:
    attacks = [("attack", name, epsilon) for name in ATTACKS for epsilon in EPSILONS]
    scenarios = [("scenario", name, epsilon) for name, grid in SCENARIOS.items() for epsilon in grid]
    return attacks + scenarios


@pytest.fixture(scope="session")
def metrics() -> pd.DataFrame:
    """Metrics table: AUC and mis-tag at 70 % efficiency of every model, seed and perturbation."""
    generator = np.random.default_rng(1)
    common = 0.002 * generator.standard_normal(REPLICATES)
    rows = []
    for model in MODELS:
        for seed in SEEDS:
            wobble = 0.01 * generator.standard_normal()
            for kind, perturbation, epsilon in _perturbations():
                for discriminator in DISCRIMINATORS:
                    separation = _separation(model, perturbation, epsilon, discriminator) + wobble
                    for metric, point, value in (
                        ("auc", np.nan, norm.cdf(separation / np.sqrt(2))),
                        ("mistag_at_efficiency", 0.7, norm.cdf(norm.ppf(0.7) - separation)),
                        ("fixed_cut_efficiency", 0.1, norm.cdf(norm.ppf(0.1) + separation)),
                        ("fixed_cut_mistag", 0.1, 0.1 * (1 + SENSITIVITY[perturbation][0] * epsilon)),
                    ):
                        noise = 0.0003 * (epsilon > 0) * generator.standard_normal(REPLICATES)
                        replicates = (value * (1 + common) + noise).astype(np.float32)
                        low, high = np.quantile(replicates, [0.16, 0.84])
                        rows.append(
                            (
                                *(model, seed, kind, perturbation, epsilon, discriminator, metric, point),
                                *(value, low, high, 20_000, replicates),
                            )
                        )
    return pd.DataFrame(
        rows,
        columns=[
            *("model", "seed", "kind", "perturbation", "epsilon", "discriminator", "metric", "working_point"),
            *("value", "low", "high", "n", "replicates"),
        ],
    )


@pytest.fixture(scope="session")
def curves() -> pd.DataFrame:
    """Curves table on the grid of 201 efficiencies."""
    efficiency = np.linspace(0.0, 1.0, 201)
    parts = []
    for model in MODELS:
        for seed in SEEDS:
            for perturbation, epsilon in product(("fgsm", "noise"), EPSILONS):
                for discriminator in DISCRIMINATORS:
                    separation = _separation(model, perturbation, epsilon, discriminator) + 0.01 * (seed - 2)
                    parts.append(
                        pd.DataFrame(
                            {
                                "model": model,
                                "seed": seed,
                                "kind": "attack",
                                "perturbation": perturbation,
                                "epsilon": epsilon,
                                "discriminator": discriminator,
                                "efficiency": efficiency,
                                "mistag": norm.cdf(norm.ppf(efficiency) - separation),
                            }
                        )
                    )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def histograms() -> pd.DataFrame:
    """Histograms of the BvL score and of one impact parameter, raw and under FGSM."""
    generator = np.random.default_rng(2)
    jets = {"b": 6000, "c": 2500, "light": 9000}
    parts = []
    for model in MODELS:
        for seed in SEEDS:
            base = {flavour: generator.standard_normal(n) for flavour, n in jets.items()}
            for epsilon in (0.0, 0.05):
                separation = _separation(model, "fgsm", epsilon, "BvL")
                centre = {"b": separation / 2, "c": 0.0, "light": -separation / 2}
                for flavour, sample in base.items():
                    score = 1 / (1 + np.exp(-2 * (sample + centre[flavour])))
                    parts.append(_histogram(score, "BvL", flavour, model, seed, epsilon, (0, 1)))
                    width = {"b": 0.06, "c": 0.04, "light": 0.02}[flavour]
                    impact = width * sample + epsilon * 0.05 * (1 if flavour == "light" else -1)
                    parts.append(_histogram(impact, "track_0_D0", flavour, model, seed, epsilon, (-0.2, 0.2)))
    return pd.concat(parts, ignore_index=True)


def _histogram(
    values: np.ndarray,
    quantity: str,
    flavour: str,
    model: str,
    seed: int,
    epsilon: float,
    bounds: tuple[float, float],
) -> pd.DataFrame:
    count, edges = np.histogram(values, 50, bounds)
    return pd.DataFrame(
        {
            "model": model,
            "seed": seed,
            "kind": "attack",
            "perturbation": "fgsm",
            "epsilon": epsilon,
            "quantity": quantity,
            "flavour": flavour,
            "low": edges[:-1],
            "high": edges[1:],
            "count": count,
        }
    )


@pytest.fixture(scope="session")
def bins() -> pd.DataFrame:
    """Bins table: under attack every tenth jet above the cut is lost, and nothing is gained."""
    rows = []
    edges = {"pt": (20.0, 50.0, 100.0, 300.0), "eta": (0.0, 1.0, 2.5)}
    for model, seed, epsilon, (variable, bounds) in product(MODELS, SEEDS, (0.0, 0.05), edges.items()):
        for metric, share in (("fixed_cut_efficiency", 0.7), ("fixed_cut_mistag", 0.01)):
            for low, high in pairwise(bounds):
                passed, lost = int(share * 10_000), int(share * 1_000) * (epsilon > 0)
                value = (passed - lost) / 10_000
                key = (model, seed, "attack", "fgsm", epsilon, "BvL", metric, 0.01, variable, low, high)
                rows.append(
                    (*key, passed - lost, 10_000, 0.0, float(lost), value, 0.95 * value, 1.05 * value)
                )
    front = ["model", "seed", "kind", "perturbation", "epsilon", "discriminator", "metric", "working_point"]
    numbers = ["passed", "total", "gained", "lost", "value", "low", "high"]
    return pd.DataFrame(rows, columns=[*front, "variable", "bin_low", "bin_high", *numbers])


@pytest.fixture(scope="session")
def calibration() -> pd.DataFrame:
    """Calibration table: observed is the square of predicted; the last bin of each flavour is empty."""
    predicted = np.linspace(0.025, 0.975, 20)
    parts = [
        pd.DataFrame(
            {
                **{"model": model, "seed": seed, "kind": "attack", "perturbation": "fgsm"},
                **{
                    "epsilon": epsilon,
                    "flavour": flavour,
                    "low": predicted - 0.025,
                    "high": predicted + 0.025,
                },
                "predicted": np.where(predicted > 0.95, np.nan, predicted),
                "observed": np.where(predicted > 0.95, np.nan, predicted**2),
                "total": np.where(predicted > 0.95, 0, 400),
                "effective": np.where(predicted > 0.95, np.nan, 300),
            }
        )
        for model, seed, epsilon, flavour in product(MODELS, SEEDS, (0.0, 0.05), ("b", "c", "light"))
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def confusion() -> pd.DataFrame:
    """Confusion table: the attack doubles what is misread."""
    flavours = ("b", "c", "light")
    rows = [
        (model, seed, "attack", "fgsm", epsilon, true, predicted, count)
        for model, seed, epsilon, true, predicted in product(MODELS, SEEDS, (0.0, 0.05), flavours, flavours)
        for wrong in [200 if epsilon else 100]
        for count in [1000 - 2 * wrong if true == predicted else wrong]
    ]
    front = ["model", "seed", "kind", "perturbation", "epsilon"]
    return pd.DataFrame(rows, columns=[*front, "true", "predicted", "count"])


@pytest.fixture(scope="session")
def transfer() -> pd.DataFrame:
    """Transfer table: a crafted input costs its own model 0.1 AUC at epsilon 0.05, any other half of it."""
    rows = []
    for source, target, seed, epsilon in product(MODELS, MODELS, SEEDS, (0.0, 0.01, 0.05)):
        value = 0.95 - epsilon * (2.0 if source == target else 1.0)
        replicates = np.full(REPLICATES, value, np.float32)
        labels = ("transfer", "pgd", epsilon, "BvL", "auc", np.nan)
        rows.append((source, seed, target, *labels, value, replicates))
    names = ("model", "seed", "target", "kind", "perturbation", "epsilon", "discriminator", "metric")
    return pd.DataFrame(rows, columns=[*names, "working_point", "value", "replicates"])


@pytest.fixture(scope="session")
def history() -> pd.DataFrame:
    """Training histories; the faithful arm's loss is five orders of magnitude smaller."""
    epoch = np.arange(1, 16)
    parts = []
    for model in MODELS:
        scale = 1.0 if model.startswith("clean") else 2e-5
        harder = 0.04 * model.endswith("fgsm")
        for seed in SEEDS:
            loss = 0.55 + harder + 0.3 * np.exp(-epoch / 3.0) + 0.003 * seed
            parts.append(
                pd.DataFrame(
                    {
                        "model": model,
                        "seed": seed,
                        "epoch": epoch,
                        "train_loss": scale * (loss + harder),
                        "validation_loss": scale * (loss + 0.01),
                        "validation_auc_bvl": 0.93 - 0.05 * np.exp(-epoch / 2.0) - 0.1 * harder,
                        "adversarial_auc_bvl": 0.92 - 0.05 * np.exp(-epoch / 2.0) + 0.1 * harder,
                        "validation_auc_cvl": 0.75 - 0.05 * np.exp(-epoch / 2.0),
                        "learning_rate": 1e-3,
                        "seconds": 1.0,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


PLANES = [
    ("jet", "inputs", "jet_pt", "jet_eta"),
    ("jet", "inputs", "vertex_mass", "vertex_energy_fraction"),
    ("jet", "gradient_random", "gradient", "random"),
    *[
        (flavour, kind, *names)
        for flavour in ("b", "c", "light")
        for kind, *names in (
            ("inputs", "jet_pt", "jet_eta"),
            ("gradient_random", "gradient", "random"),
            ("gradient_principal", "gradient", "principal 1"),
        )
    ],
]


@pytest.fixture(scope="session")
def planes() -> pd.DataFrame:
    """Loss planes: the nominal loss falls along both directions, the adversarial one rises along one."""
    delta = np.linspace(-0.5, 0.5, 21)
    delta_x, delta_y = (grid.ravel() for grid in np.meshgrid(delta, delta, indexing="ij"))
    parts = []
    for model in MODELS:
        if model.endswith("nominal"):
            loss = 0.2 * np.exp(-0.09 * delta_x - 0.11 * delta_y - 0.06 * delta_x * delta_y)
        else:
            loss = 0.25 * np.exp(0.065 * delta_x - 0.003 * delta_y)
        scale = 1.0 if model.startswith("clean") else 3e-5
        for plane in PLANES:
            where = dict(zip(("jets", "kind", "feature_x", "feature_y"), plane, strict=True))
            deltas = {"delta_x": delta_x, "delta_y": delta_y}
            parts.append(
                pd.DataFrame(
                    {
                        "model": model,
                        "seed": 1,
                        **where,
                        **_placed(plane, deltas),
                        **deltas,
                        "loss": scale * loss,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def paths() -> pd.DataFrame:
    """FGSM goes down-left for nominal models and right for adversarial ones; PGD along it in three steps."""
    parts = []
    for model in MODELS:
        end = np.array([-0.1, -0.1] if model.endswith("nominal") else [0.1, 0.0])
        for plane in PLANES:
            where = dict(zip(("jets", "kind", "feature_x", "feature_y"), plane, strict=True))
            for attack, points in (("fgsm", 2), ("pgd", 4)):
                moves = np.linspace(0, 1, points)[:, None] * end
                deltas = {"delta_x": moves[:, 0], "delta_y": moves[:, 1]}
                columns = {"attack": attack, "step": range(points), **_placed(plane, deltas), **deltas}
                parts.append(pd.DataFrame({"model": model, "seed": 1, **where, **columns}))
    return pd.concat(parts, ignore_index=True)


def _placed(plane: tuple, deltas: dict) -> dict:
    """Physical units for the single jet's pT and eta."""
    if plane[0] != "jet" or plane[2] != "jet_pt":
        return {"x": deltas["delta_x"], "y": deltas["delta_y"]}
    return {"x": 36.0 + 12.6 * deltas["delta_x"], "y": 0.5 + 1.36 * deltas["delta_y"]}


@pytest.fixture(scope="session")
def surface_statistics() -> pd.DataFrame:
    """Every statistic that is drawn; adversarial models have half the value."""
    from robustag.plotting.surface.statistics import BY_EPSILON, BY_FLAVOUR

    point = [(statistic, summary, [np.nan]) for statistic, summary, *_ in BY_FLAVOUR]
    point.append(("chance_share", "median", [np.nan]))
    step = [(statistic, summary, [0.01, 0.05, 0.1]) for statistic, summary, *_ in BY_EPSILON]
    generator = np.random.default_rng(3)
    rows = []
    for model in MODELS:
        for seed in SEEDS:
            for statistic, summary, epsilons in point + step:
                for flavour in ("b", "c", "light", "all"):
                    for epsilon in epsilons:
                        value = (0.4 if model.endswith("fgsm") else 0.8) + 0.01 * seed
                        rows.append(
                            {
                                **{"model": model, "seed": seed, "flavour": flavour, "statistic": statistic},
                                **{"summary": summary, "epsilon": epsilon, "value": value},
                                "replicates": value + 0.02 * generator.normal(size=20),
                            }
                        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def weights() -> pd.DataFrame:
    """Paraboloids over the weights: 1 + (x^2 + y^2) for nominal models, flatter for adversarial ones."""
    delta = np.linspace(-1, 1, 9)
    x, y = (grid.ravel() for grid in np.meshgrid(delta, delta, indexing="ij"))
    parts = []
    for model in MODELS:
        for perturbation, epsilon, scale in (("raw", 0.0, 1.0), ("fgsm", 0.05, 2.0)):
            loss = scale * (1 + (0.4 if model.endswith("fgsm") else 4.0) * (x**2 + y**2))
            columns = {"delta_x": x, "delta_y": y, "perturbation": perturbation, "epsilon": epsilon}
            parts.append(pd.DataFrame({"model": model, "seed": 1, **columns, "loss": loss}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def options() -> dict:
    """What the figures show."""
    return {
        "sample": r"13 TeV, $t\bar{t}$, anti-$k_T$ $R = 0.4$",
        "attack": Perturbation("fgsm", 0.05),
        "noise": Perturbation("noise", 0.05),
        "pairs": [
            Pair("clean", "clean_nominal", "clean_fgsm"),
            Pair("faithful", "faithful_nominal", "faithful_fgsm"),
        ],
        "mismodellings": [
            Mismodelling("Gaussian noise, ε = 0.05", "noise", 0.05),
            Mismodelling("coherent shift up, ε = 0.05", "shift_up", 0.05),
            Mismodelling("coherent shift down, ε = 0.05", "shift_down", 0.05),
            Mismodelling("smearing by 0.1 σ", "smearing", 0.1),
            Mismodelling("d0 shift by 20 µm", "impact_parameter_shift", 0.02),
            Mismodelling("IP resolution + 25 %", "ip_resolution_up", 1.0),
        ],
    }


@pytest.fixture(scope="session")
def certificates() -> pd.DataFrame:
    """Certificates table: a bound that falls twice as fast as what the attack does."""
    rows = []
    for model in MODELS:
        for method, slope in (("attack", 1.0), ("proven", 2.0), ("interval", 20.0)):
            for epsilon in (0.0, 0.01, 0.05):
                loss = slope * epsilon * (2 if model.endswith("nominal") else 1)
                for metric, point, value in (
                    ("auc", np.nan, 0.94 - loss),
                    ("fixed_cut_efficiency", 0.01, 0.7 - loss),
                    ("fixed_cut_mistag", 0.01, 0.01 + loss),
                ):
                    key = (model, 1, method, epsilon, "BvL", "all", metric, point)
                    rows.append((*key, value, 0.98 * value, 1.02 * value, 1000))
    front = ["model", "seed", "method", "epsilon", "discriminator", "flavour", "metric", "working_point"]
    return pd.DataFrame(rows, columns=[*front, "value", "low", "high", "n"])


@pytest.fixture(scope="session")
def distances() -> pd.DataFrame:
    """Distances table of three inputs: two attacks on each model, a scenario and other clean jets."""
    made = [(model, "attack", name, 0.05) for model in MODELS for name in ("noise", "fgsm")]
    made += [("", "scenario", "smearing", 0.1), ("", "reference", "other_clean_jets", 0.0)]
    rows = []
    for size, (model, kind, perturbation, epsilon) in enumerate(made, start=1):
        front = (model, 1, kind, perturbation, epsilon, "all")
        for number, name in enumerate(("jet_pt", "track_0_D0", "track_1_D0"), start=1):
            floor = 0.02 if kind == "reference" else 0.001 * number
            rows.append((*front, name, "kl", 0.001 * size * number, np.nan, np.nan, floor))
            rows.append((*front, name, "js", 0.0, np.nan, np.nan, 0.0))
        rows.append((*front, "all", "classifier_auc", 0.9, 0.89, 0.91, np.nan))
        rows.append((*front, "all", "classifier_auc_continuous", 0.6, 0.58, 0.61, np.nan))
    front = ["model", "seed", "kind", "perturbation", "epsilon", "flavour", "input", "distance"]
    return pd.DataFrame(rows, columns=[*front, "value", "low", "high", "floor"])


def weight_map() -> WeightMap:
    """Weights of flavours with three different spectra."""
    jets = np.random.default_rng(5).poisson([[[900]], [[300]], [[2000]]], (3, 4, 2))
    jets[0, :2] *= 2
    return WeightMap.fit(jets, [20, 40, 70, 120, 900], [-2.5, 0.0, 2.5])


@pytest.fixture
def drawn(
    metrics,
    curves,
    histograms,
    history,
    planes,
    paths,
    surface_statistics,
    weights,
    certificates,
    distances,
    transfer,
    bins,
    calibration,
    confusion,
    options,
) -> Callable[[str], tuple[object, pd.DataFrame]]:
    """Draw one figure by name from the synthetic tables: (figure, shown table)."""
    from robustag.plotting.mismodelling import losses
    from robustag.plotting.probabilities import calibration as reliability
    from robustag.plotting.probabilities import confusion as mistakes
    from robustag.plotting.robustness import bins as binned
    from robustag.plotting.robustness import certified, epsilon, fixed_cut, roc
    from robustag.plotting.robustness import transfer as transferred
    from robustag.plotting.shapes import distances as shifts
    from robustag.plotting.shapes import flavours, inputs, thresholds
    from robustag.plotting.simulation import kinematics
    from robustag.plotting.style import arm_models, paired_models
    from robustag.plotting.surface import contours, jet, statistics
    from robustag.plotting.surface import planes as many
    from robustag.plotting.surface import weights as of_weights
    from robustag.plotting.training import history as learning

    def draw(name: str) -> tuple[object, pd.DataFrame]:
        pairs, attack, sample = options["pairs"], options["attack"], options["sample"]
        models, pair = paired_models(pairs), pairs[0]
        if name in ("roc", "roc_CvL"):
            discriminator = "CvL" if name == "roc_CvL" else "BvL"
            table = roc.roc_table(curves, metrics, discriminator, models, [attack])
            return roc.draw_roc(table, pairs, sample), table
        if name == "auc_epsilon":
            table = epsilon.auc_epsilon_table(metrics, pairs, ATTACKS, ["BvL"])
            return epsilon.draw_auc_epsilon(table, pairs, ATTACKS[:2], ATTACKS[2:], sample), table
        if name == "headline":
            table = epsilon.auc_epsilon_table(metrics, [pair], ["noise", "fgsm"], ["BvL"])
            return epsilon.draw_headline(table, pair, ["noise", "fgsm"], sample), table
        if name == "certified":
            table = certified.certified_table(certificates, pairs, "BvL", 0.01)
            return certified.draw_certified(table, pairs, sample), table
        if name == "input_distance":
            table = shifts.distance_table(distances, pair.nominal, options["mismodellings"], KINDS)
            return shifts.draw_distances(table, sample), table
        if name == "history":
            table = learning.history_table(history, pairs)
            return learning.draw_history(table, pairs, sample), table
        if name == "discriminator":
            table = flavours.shape_table(histograms, "BvL", pair, attack)
            return flavours.draw_shapes(table, {"BvL": "BvL discriminator"}, attack, sample), table
        if name == "input":
            table = flavours.shape_table(histograms, "track_0_D0", pair, attack)
            labels = {"track_0_D0": r"$d_0$ of track 0 [mm]"}
            return flavours.draw_shapes(table, labels, attack, sample), table
        if name == "roc_scan":
            scans = {
                k: roc.roc_table(
                    curves, metrics, "BvL", models[:2], [Perturbation(k, e) for e in EPSILONS[1:]]
                )
                for k in ("noise", "fgsm")
            }
            return roc.draw_roc_scan(scans, pair, sample), pd.concat(scans.values())
        if name == "inputs":
            table = inputs.input_table(histograms, "clean_nominal", "fgsm", ["track_0_D0"])
            labels = {"track_0_D0": r"$d_0$ of track 0 [mm]"}
            return inputs.draw_inputs(table, labels, "clean arm", sample), table
        if name == "threshold":
            table = thresholds.threshold_table(histograms, ["BvL"], pair, attack)
            return thresholds.draw_thresholds(table, attack, sample), table
        if name == "fixed_cut":
            table = fixed_cut.fixed_cut_table(metrics, pairs, ["noise", "fgsm"], "BvL")
            return fixed_cut.draw_fixed_cut(table, pairs, sample), table
        if name == "bins":
            table = binned.bin_table(bins, pair, "BvL", attack)
            return binned.draw_bins(table, arm_models(pairs, pair.label), attack, sample), table
        if name == "calibration":
            table = reliability.calibration_table(calibration, pair, attack)
            return reliability.draw_calibration(table, arm_models(pairs, pair.label), sample), table
        if name == "confusion":
            table = mistakes.confusion_matrix(confusion, pair, attack)
            return mistakes.draw_confusion(table, pair.label, attack, sample), table
        if name in ("spectra", "weight_maps"):
            maps = kinematics.weight_table(weight_map())
            if name == "weight_maps":
                return kinematics.draw_weights(maps, sample), maps
            table = kinematics.spectrum_table(maps)
            return kinematics.draw_spectra(table, sample), table
        if name == "transfer":
            table = transferred.transfer_table(transfer, "BvL")
            return transferred.draw_transfer(table, sample), table
        if name == "mismodelling":
            table = losses.mismodelling_table(metrics, pairs, options["mismodellings"], "BvL", 0.1)
            return losses.draw_mismodelling(table, pairs, 0.1, sample), table
        if name == "surface_statistics":
            table = statistics.statistics_table(surface_statistics, pairs)
            return statistics.draw_statistics(table, pairs, sample), table
        if name == "surface_weights":
            table = of_weights.weights_table(weights, pairs)
            return of_weights.draw_weights(table, pairs, sample), table
        if name == "surface_average":
            table, routes = (many.averages_of_pair(part, pair) for part in (planes, paths))
            return many.draw_averages(table, routes, sample), table
        if name == "surface_faithful":
            pair = pairs[1]
        table, routes = (contours.of_pair(part, pair, jets="jet") for part in (planes, paths))
        if name == "surface_planes":
            return many.draw_planes(table, routes, LABELS, sample), table
        return jet.draw_surface(table, routes, arm_models(pairs, pair.label), LABELS, sample), table

    return draw
