"""Generated ntuples read with fewer inputs than they have: a table of one's own is enough."""

import copy

import numpy as np
import pytest
import torch
import yaml
from tests.unit.readers.test_generated import write_ntuple

from robustag.attacks import BudgetRule, Sweep
from robustag.features import FeatureTable
from robustag.models import Inputs, build_model
from robustag.readers import read_jets
from robustag.tensors import Normalisation, WeightMap, summarise, tensorise
from robustag.tensors.loading import load_tensors
from robustag.training import build_loss

EDGES = ([20.0, 900.0], [-2.5, 2.5])
PARAMETERS = ("D0", "Z0", "PHI", "THETA", "QOVERP")


def smaller(document, *absent, order=None):
    """The study's table without some variables of tracks, and what is about them."""
    document = copy.deepcopy(document)
    track = document["blocks"][1]
    track["variables"] = [
        variable
        for variable in track["variables"]
        if variable["name"] not in absent
        and not any(name in str(variable.get("role")) for name in absent if name in PARAMETERS)
    ]
    del track["order_by"], document["relations"]
    if order:
        track["order_by"] = order
    return FeatureTable.from_document(document)


@pytest.fixture(scope="module")
def document(root):
    return yaml.safe_load((root / "config/features/jet_flavor.yaml").read_text())


@pytest.fixture
def ntuple(tmp_path, table):
    """200 events of two jets with up to eight tracks."""
    rng = np.random.default_rng(5)
    number = rng.integers(0, 9, (200, 2))
    links = [[jet for jet in (0, 1) for _ in range(row[jet])] for row in number]
    d0 = [rng.normal(size=len(row)).tolist() for row in links]
    variance = [rng.uniform(0.1, 4.0, len(row)).tolist() for row in links]
    path = tmp_path / "jets.root"
    write_ntuple(path, table, rng.choice([5, 4, 0], (200, 2)).tolist(), links, d0, variance)
    return path


@pytest.mark.parametrize(
    ("absent", "order"),
    [
        (("D0D0",), None),
        (("D0",), None),
        (("D0", "D0D0"), None),
        (("Z0", "PHI"), {"significance_of": "D0"}),
        (("D0D0",), {"significance_of": "D0", "variance": "D0D0"}),
        (PARAMETERS, None),
    ],
)
def test_what_is_left_is_read_as_before_in_the_same_order(document, table, ntuple, absent, order):
    small = smaller(document, *absent, order=order)
    whole, records = (read_jets("generated", ntuple, inputs) for inputs in (table, small))
    columns = [table.index(name) for name in small.names]
    np.testing.assert_array_equal(records.values, whole.values[:, columns])
    assert small.size < table.size


def test_tracks_come_by_any_branch_of_the_ntuple(document, ntuple):
    by_d0 = smaller(document, "D0D0", order="D0")
    values = read_jets("generated", ntuple, by_d0).values[:, by_d0.element_block().columns[0]]
    later = np.nan_to_num(values[:, 1:], nan=-np.inf)
    assert (later <= np.nan_to_num(values[:, :-1], nan=-np.inf)).all()


def test_without_tracks_the_jets_own_inputs_are_read(document, table, ntuple):
    flat = FeatureTable.from_document({"data_set": "flat", "blocks": document["blocks"][:1]})
    np.testing.assert_array_equal(
        read_jets("generated", ntuple, flat).values, read_jets("generated", ntuple, table).values[:, :16]
    )


@pytest.mark.parametrize("absent", [("D0D0",), ("D0",), ("Z0", "PHI"), PARAMETERS])
def test_simulated_jets_are_prepared_and_attacked(document, simulated, tmp_path, absent):
    small = smaller(document, *absent)
    records = read_jets("generated", simulated, small).labelled(simulated)
    summary = summarise(records, [1.0, 0.0, 0.0], *EDGES)
    fitted = Normalisation.fit(summary, small)
    path = tmp_path / "0000.safetensors"
    tensorise(records, small, fitted, WeightMap.fit(summary.kinematics, *EDGES), [0.0, 0.0, 1.0], path)
    jets = load_tensors([path], "test")
    network = {"name": "set_transformer", "width": 8, "heads": 2, "layers": 1, "pairs": ["vertex_mass"]}
    model = build_model(network, Inputs.of(small, fitted), seed=1).eval()
    loss = build_loss({"name": "cross_entropy"})
    case = (jets.inputs, jets.missing, jets.label)
    for factors in ("none", "as_coded", "resolution")[: 2 if absent == PARAMETERS else 3]:
        rule = BudgetRule.of(small, fitted, physical=True, factors=factors)
        attacked = Sweep({"name": "fgsm"}, model, loss, *case, rule, seed=1)(0.1)
        assert torch.equal(attacked[jets.missing], jets.inputs[jets.missing])
        assert (attacked != jets.inputs).any()
