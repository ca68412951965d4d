"""From an ntuple to scores: the same numbers by tensors and torch, and by the exported model alone."""

import json
import re

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from tests.unit.models.conftest import NETWORKS
from tests.unit.readers.test_generated import write_ntuple

from robustag.cli import main
from robustag.deployment.export import PhysicalModel, export_onnx
from robustag.deployment.predict import Tagger, score_ntuple
from robustag.errors import InputError
from robustag.evaluation.discriminators import DISCRIMINATORS, discriminant, probabilities
from robustag.models import Inputs, build_model
from robustag.readers import read_jets
from robustag.tensors import Normalisation, WeightMap, summarise, tensorise
from robustag.tensors.loading import load_tensors

EDGES = {"pt_edges": [20.0, 900.0], "eta_edges": [-2.5, 2.5]}
SPLIT = [0.0, 0.0, 1.0]


@pytest.fixture(scope="module")
def ntuple(simulated):
    return simulated


@pytest.fixture(scope="module")
def prepared(ntuple, table, tmp_path_factory):
    """The normalisation of these jets, and all of them as test tensors."""
    records = read_jets("generated", ntuple, table).labelled(ntuple)
    fitted = Normalisation.fit(summarise(records, [1.0, 0.0, 0.0], *EDGES.values()), table)
    weights = WeightMap.fit(np.ones((3, 1, 1), dtype=np.int64), *EDGES.values())
    path = tmp_path_factory.mktemp("tensors") / "0000.safetensors"
    tensorise(records, table, fitted, weights, SPLIT, path)
    return Inputs.of(table, fitted), load_tensors([path], "test")


def card_of(network, inputs):
    return {
        "network": network,
        **inputs.card(),
        "classes": 3,
        "loss": {"name": "cross_entropy"},
        "recipe": {"name": "nominal"},
    }


@pytest.fixture(scope="module", params=NETWORKS)
def exported(request, prepared, tmp_path_factory):
    """A model of each kind and its ONNX file."""
    inputs, _ = prepared
    model = build_model(NETWORKS[request.param], inputs, seed=4).eval()
    path = tmp_path_factory.mktemp("onnx") / f"{request.param}.onnx"
    export_onnx(model, card_of(NETWORKS[request.param], inputs), path)
    return model, path


def test_a_model_in_training_is_exported_without_dropout_and_keeps_its_modes(prepared, tmp_path):
    inputs, jets = prepared
    network = {**NETWORKS["mlp"], "dropout": 0.5}
    model = build_model(network, inputs, seed=4).train()
    model[0].eval()
    before = [part.training for part in model.modules()]
    export_onnx(model, card_of(network, inputs), tmp_path / "model.onnx")
    assert [part.training for part in model.modules()] == before
    physical = Tagger(tmp_path / "model.onnx")
    values = inputs.normalisation.sigma * jets.inputs[:9].double().numpy() + inputs.normalisation.mean
    assert physical(values) == pytest.approx(model.eval()(jets.inputs[:9]).detach().numpy(), abs=1e-3)


def test_the_simulated_jets_have_missing_tracks_and_vertices(prepared):
    inputs, jets = prepared
    absent = jets.missing[:, 16:].unflatten(1, (-1, 6)).all(dim=1)
    assert 0 < absent.float().mean() < 0.5
    assert jets.missing[:, inputs.names.index("vertex_mass")].any()


def test_scores_of_an_ntuple_are_those_of_the_tensors(exported, prepared, ntuple):
    model, path = exported
    scores = score_ntuple(path, ntuple)
    labelled = scores[scores.hadron_flavour != 15]
    with torch.no_grad():
        logits = model(prepared[1].inputs).numpy()
    assert labelled[["P_b", "P_c", "P_light"]].to_numpy() == pytest.approx(probabilities(logits), abs=1e-5)
    for which in DISCRIMINATORS:
        assert labelled[which.name].to_numpy() == pytest.approx(discriminant(logits, which), abs=1e-5)
    assert labelled.pt.tolist() == prepared[1].pt.tolist()


def test_logits_agree_within_a_ten_thousandth(exported, prepared, ntuple):
    model, path = exported
    inputs, jets = prepared
    values = read_jets("generated", ntuple, inputs.table).labelled(ntuple).values
    with torch.no_grad():
        expected = model(jets.inputs).numpy()
    assert Tagger(path)(values) == pytest.approx(expected, abs=1e-4)
    # Any number of jets, none included.
    assert Tagger(path)(values[:1]) == pytest.approx(expected[:1], abs=1e-4)
    assert Tagger(path)(values[:0]).shape == (0, 3)


def test_cleaning_and_scaling_in_the_graph_are_the_tensors_bit_for_bit(prepared, ntuple):
    inputs, jets = prepared
    records = read_jets("generated", ntuple, inputs.table).labelled(ntuple)
    physical = torch.from_numpy(records.values)
    scaled, _ = PhysicalModel(torch.nn.Identity(), inputs)(physical)
    assert torch.equal(scaled, jets.inputs)


def test_entries_that_are_not_finite_or_too_low_are_missing(exported, prepared):
    _, path = exported
    inputs, _ = prepared
    nothing = np.full((1, inputs.size), np.nan)
    below = (inputs.normalisation.missing - np.abs(inputs.normalisation.missing) - 1)[None]
    tagger = Tagger(path)
    for other in (np.full_like(nothing, np.inf), np.full_like(nothing, -np.inf), below):
        assert np.array_equal(tagger(other), tagger(nothing))
    assert np.isfinite(tagger(nothing)).all()


def test_the_file_says_what_it_is(exported, prepared):
    _, path = exported
    session = onnxruntime.InferenceSession(path)
    facts = {key: json.loads(text) for key, text in session.get_modelmeta().custom_metadata_map.items()}
    assert facts["features"] == list(prepared[0].names)
    assert facts["classes"] == ["b", "c", "light"]
    assert facts["card"]["recipe"] == {"name": "nominal"}
    assert facts["card"]["network"]["name"] == path.stem
    values = np.zeros((7, prepared[0].size), np.float32)
    logits, shares = session.run(["logits", "probabilities"], {"features": values})
    assert shares == pytest.approx(probabilities(logits), abs=1e-6)


def test_a_model_that_does_not_know_its_scaling_is_not_exported(tmp_path):
    network = {"name": "linear"}
    card = {"network": network, "inputs": 4, "classes": 3, "loss": {"name": "cross_entropy"}}
    with pytest.raises(InputError, match="how its inputs were scaled"):
        export_onnx(build_model(network, 4, seed=1), card, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_the_example_of_the_documentation_runs(exported, root):
    _, path = exported
    (example,) = re.findall(
        r"```python\n(import json\n.*?)```", (root / "docs/models.md").read_text(), re.DOTALL
    )
    names = {}
    exec(re.sub(r'"results/.*?\.onnx"', repr(str(path)), example), names)
    assert names["probabilities"].sum() == pytest.approx(1.0)


@pytest.fixture
def linear(prepared, tmp_path):
    inputs, _ = prepared
    path = tmp_path / "linear.onnx"
    network = NETWORKS["linear"]
    export_onnx(build_model(network, inputs, seed=4).eval(), card_of(network, inputs), path)
    return path


def test_the_command_writes_a_table_beside_the_ntuple(linear, tmp_path, table, capsys):
    """Tau jets are scored too, and every jet can be found again."""
    ntuple = tmp_path / "jets.root"
    layout = {
        "track_jet": [[1, 0], [], [0]],
        "d0": [[0.3, -0.1], [], [9.0]],
        "variance": [[0.1, 0.1], [], [1.0]],
    }
    write_ntuple(ntuple, table, flavour=[[5, 4], [], [15, 0]], **layout)
    assert main(["predict", str(linear), str(ntuple)]) == 0
    scores = pd.read_parquet(tmp_path / "jets.scores.parquet")
    assert scores.hadron_flavour.tolist() == [5, 4, 15, 0]
    assert scores.jet.tolist() == [0, 1, 0, 1]
    assert scores.event.tolist() == [10, 10, 12, 12]
    assert f"{tmp_path / 'jets.scores.parquet'}: 4 jets" in capsys.readouterr().out
    assert main(["predict", str(linear), str(ntuple), "--out", str(tmp_path / "scores.csv")]) == 0
    assert pd.read_csv(tmp_path / "scores.csv").BvL.to_numpy() == pytest.approx(scores.BvL, rel=1e-8)


def test_jets_that_a_sample_selects_are_scored(linear, ntuple, tmp_path):
    pt = sorted(score_ntuple(linear, ntuple).pt)
    low, high = pt[len(pt) // 4], pt[len(pt) // 2]
    sample = f"{{format: generated, files: [a], select: {{pt: [{low}, {high}]}}}}"
    (tmp_path / "mine.yaml").write_text(f"samples: {{mine: {sample}}}")
    out = tmp_path / "scores.parquet"
    arguments = ["predict", linear, ntuple, "--out", out, "--sample", f"{tmp_path}/mine.yaml:mine"]
    assert main([*map(str, arguments)]) == 0
    assert sorted(pd.read_parquet(out).pt) == [each for each in pt if low <= each < high]


def test_jets_without_flavour_are_scored(linear, tmp_path, table):
    ntuple = tmp_path / "data.root"
    layout = {"track_jet": [[1, 0]], "d0": [[0.3, -0.1]], "variance": [[0.1, 0.1]]}
    write_ntuple(ntuple, table, flavour=[[5, 4]], leave_out=["hadronFlavour"], **layout)
    scores = score_ntuple(linear, ntuple)
    assert len(scores) == 2
    assert "hadron_flavour" not in scores
    with pytest.raises(InputError, match="says the flavour of no b, c or light jet"):
        read_jets("generated", ntuple, table).labelled(ntuple)


def test_mistakes_are_one_line_and_status_2(linear, tmp_path, table, capsys):
    (tmp_path / "text.onnx").write_text("no model")
    foreign = tmp_path / "foreign.onnx"
    plain = onnx.load(linear)
    del plain.metadata_props[:]
    onnx.save(plain, foreign)
    bare = tmp_path / "bare.root"
    layout = {"track_jet": [[0]], "d0": [[0.3]], "variance": [[0.1]]}
    write_ntuple(bare, table, flavour=[[5]], leave_out=["vertex_mass"], **layout)
    good = tmp_path / "good.root"
    write_ntuple(good, table, flavour=[[5]], **layout)
    for arguments, complaint in (
        ([tmp_path / "absent.onnx", good], "absent.onnx is not a file: give the path of an exported model"),
        ([tmp_path / "text.onnx", good], "text.onnx is damaged or no ONNX model"),
        ([foreign, good], "foreign.onnx does not say what its inputs are"),
        ([linear, tmp_path / "absent.root"], "absent.root is not a file"),
        ([linear, tmp_path / "text.onnx"], "has no readable tree 'Events'"),
        ([linear, bare], "bare.root lacks the branch Jet_vertex_mass"),
        ([linear, good, "--out", tmp_path / "scores.txt"], "scores.txt is neither .parquet nor .csv"),
    ):
        assert main(["predict", *map(str, arguments)]) == 2
        error = capsys.readouterr().err
        assert complaint in error
        assert error.count("\n") == 1
    assert not list(tmp_path.glob("*scores*"))
