"""robustag describe: what it sees in a file, and the study that it starts."""

import os
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
import yaml
from tests.checkout import Checkout
from tests.unit.readers.made import KINDS, Made

from robustag.cli import main, read_configuration
from robustag.describing import guessed, survey
from robustag.errors import InputError
from robustag.features import FeatureTable
from robustag.readers import read_jets
from robustag.readers.containers import opened
from robustag.readers.recognising import recognised
from robustag.workflow.checking import check_ntuple
from robustag.workflow.configuration import check_against_schema
from robustag.workflow.places import CONFIG_SCHEMA, FEATURES_SCHEMA
from robustag.workflow.sources import reading_of

REAL = os.environ.get("ROBUSTAG_REAL_DATA")
JETS = 400


@pytest.fixture
def atlas(tmp_path):
    """Jets and tracks as ATLAS writes them, in MeV."""
    rng = np.random.default_rng(3)
    number = rng.integers(0, 9, JETS)
    own = ("pt_btagJes", "eta_btagJes", "mcEventWeight", "GN2v01_pb", "SV1_masssvx")
    whole = ("eventNumber", "HadronConeExclTruthLabelID", "n_tracks")
    jets = np.zeros(JETS, [*((name, "f4") for name in own), *((name, "i4") for name in whole)])
    jets["pt_btagJes"] = 20_000 + rng.exponential(40_000, JETS)
    jets["eta_btagJes"], jets["GN2v01_pb"] = rng.uniform(-2.5, 2.5, JETS), rng.random(JETS)
    jets["eventNumber"], jets["mcEventWeight"] = np.arange(JETS) // 2, rng.normal(1, 0.1, JETS)
    jets["HadronConeExclTruthLabelID"], jets["n_tracks"] = rng.choice([0, 4, 5, 15], JETS), number
    jets["SV1_masssvx"] = np.where(rng.random(JETS) < 0.4, rng.exponential(1500, JETS), -1)
    tracks = np.zeros((JETS, 40), [("d0", "f4"), ("pt", "f4"), ("truthOriginLabel", "i4"), ("valid", "?")])
    tracks["valid"] = np.arange(40) < number[:, None]
    tracks["d0"], tracks["pt"] = rng.normal(size=(2, JETS, 40))
    with h5py.File(tmp_path / "atlas.h5", "w") as file:
        file["jets"], file["tracks"] = jets, tracks
    return tmp_path / "atlas.h5"


def seen(path):
    with opened(path) as container:
        return survey(container, path)


def test_columns_are_seen_as_they_are(atlas):
    columns = seen(atlas)
    mass, d0 = columns["SV1_masssvx"], columns["tracks.d0"]
    assert mass.sentinels == [-1.0]
    assert 0.4 < mass.common[-1.0] < 0.8
    assert mass.quantiles(0.0)[0] > 0
    assert (d0.depth, d0.kind, d0.sentinels) == (2, "float32", [])
    assert d0.counts.max() == 8
    assert columns["n_tracks"].is_integer
    assert not mass.is_integer


@pytest.mark.parametrize(
    ("values", "sentinels"),
    [
        ([-1.0, -1.0, 2.0, 3.0], [-1.0]),
        ([-1.0, -0.5, 2.0, 3.0], []),
        ([-999.0, -3.0, 2.0, 3.0], [-999.0]),
        ([-999.0, -1.0, 2.0, 3.0], [-999.0, -1.0]),
        ([-99.0, -120.5, 2.0, 3.0], [-99.0]),
        ([0.0, 0.0, 0.0, 3.0], []),
        ([-10.0, -2.0, -1.0, 3.0], []),
        ([np.nan, 1e31, np.inf, 3.0], []),
    ],
)
def test_what_may_mean_no_number_is_told_from_numbers(tmp_path, values, sentinels):
    pq.write_table(pa.table({"x": values * 10}), tmp_path / "x")
    column = seen(tmp_path / "x")["x"]
    assert column.sentinels == sentinels
    bad = np.array([not np.isfinite(value) for value in values]).mean()
    assert (column.absent, column.wild) == (bad, np.mean([value == 1e31 for value in values]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_layout_of_made_jets_is_guessed(tmp_path, kind):
    layout = KINDS[kind](tmp_path / "x", Made.of(60))
    found = guessed(seen(tmp_path / "x"))
    assert found.options == layout.options
    assert found.labels["branch"] == layout.labels["branch"]
    assert [found.labels[name] for name in ("b", "c", "light")] == [[5], [4], [0]]
    assert {f"{layout.prefix}mass", f"{layout.prefix}ntrk"} <= {column.name for column in found.own}
    wanted = layout.table.element_block()
    (elements,) = found.elements
    assert set(elements.columns) == {variable.branch for variable in wanted.variables}
    assert elements.jet_index == wanted.jet_index


def start(path, folder, *more):
    assert main(["describe", str(path), "--out", str(folder), *more]) == 0
    return yaml.safe_load((folder / f"{path.stem}.yaml").read_text())


def test_a_study_to_start_from_reads_its_file(atlas, tmp_path, capsys):
    preset = start(atlas, tmp_path / "out")
    assert f"wrote {tmp_path}/out/atlas.yaml" in capsys.readouterr().out
    sample = preset["samples"]["atlas"]
    assert sample["labels"] == {"branch": "HadronConeExclTruthLabelID", "b": [5], "c": [4], "light": [0]}
    assert sample["weight"] == "mcEventWeight"
    written = yaml.safe_load(Path(preset["features"]).read_text())
    check_against_schema(written, FEATURES_SCHEMA, "features")
    table = FeatureTable.load(preset["features"])
    assert table.names[:2] == ("pt_btagJes", "eta_btagJes")
    assert not {"GN2v01_pb", "HadronConeExclTruthLabelID", "mcEventWeight"} & set(table.names)
    assert not any("truth" in name for name in table.names)
    (mass,) = [each.variable for each in table.inputs if each.name == "SV1_masssvx"]
    assert mass.missing["equal"] == -1.0
    assert table.units[0] == "MeV"
    options = {key: sample[key] for key in ("pt", "eta", "event", "weight")}
    jets = read_jets("columns", atlas, table, None, options, sample["labels"])
    assert len(jets) == JETS
    assert set(jets.label) == {-1, 0, 1, 2}
    edges = preset["weights"]["pt_edges"]
    assert edges == sorted(set(edges))
    assert edges[0] <= jets.pt.min()
    assert (jets.pt < edges[-1]).mean() > 0.99
    assert all(name in table.names for name in preset["evaluation"]["inputs"])


def test_the_preset_follows_the_schema_on_top_of_the_default(atlas, tmp_path, root):
    start(atlas, tmp_path / "out")
    config = read_configuration([root / "config/config.yaml", tmp_path / "out/atlas.yaml"])
    check_against_schema(config, CONFIG_SCHEMA, "config")
    assert config["study"] == "atlas"


def test_the_preset_holds_together_with_its_table(atlas, tmp_path, capsys):
    start(atlas, tmp_path / "out")
    assert main(["check", str(tmp_path / "out/atlas.yaml")]) == 0
    assert f"{tmp_path}/out/atlas.yaml: study 'atlas'" in capsys.readouterr().out


@pytest.mark.process
def test_the_study_can_be_planned(atlas, tmp_path):
    start(atlas, tmp_path / "out")
    plan = Checkout(tmp_path / "project").plan("--configfile", str(tmp_path / "out/atlas.yaml"))
    assert plan["records_given"] == 1
    assert plan.keys().isdisjoint({"generate", "validate"})
    assert {"train", "attack", "fig_roc", "fig_input", "fig_surface", "claims"} <= plan.keys()


def test_nothing_is_written_over(atlas, tmp_path, capsys):
    start(atlas, tmp_path)
    before = (tmp_path / "atlas.yaml").read_text()
    assert main(["describe", str(atlas), "--out", str(tmp_path)]) == 2
    assert "atlas.yaml is there already: choose another --name or --out" in capsys.readouterr().err
    assert main(["describe", str(atlas), "--out", str(tmp_path), "--name", "Other jets"]) == 0
    assert (tmp_path / "atlas.yaml").read_text() == before
    assert (tmp_path / "features/other_jets.yaml").is_file()


def test_wild_numbers_of_any_place_are_missing(tmp_path):
    places = {f"trk{place}_d0": np.full(JETS, float(place)) + np.arange(JETS) for place in range(3)}
    places["trk2_d0"][7] = 1e31
    columns = {
        "jet_pt": np.linspace(20, 90, JETS),
        "jet_eta": np.linspace(-2, 2, JETS),
        "flavour": np.arange(JETS) % 6,
    }
    pq.write_table(pa.table(columns | places), tmp_path / "x.parquet")
    preset = start(tmp_path / "x.parquet", tmp_path)
    (block,) = FeatureTable.load(preset["features"]).element_blocks
    assert (block.count, block.variables[0].branch) == (3, "trk{place}_d0")
    assert block.variables[0].missing["wild"]


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"x": [1.0, 2.0]}, "no columns look like pT and pseudorapidity of jets"),
        ({"jet_pt": [1.0, 2.0]}, "no columns look like pT"),
        ({"jet_pt": pa.array([], pa.float32()), "jet_eta": pa.array([], pa.float32())}, "holds no jets"),
    ],
)
def test_a_file_without_jets_starts_nothing(tmp_path, capsys, columns, complaint):
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    assert main(["describe", str(tmp_path / "x.parquet")]) == 0
    assert main(["describe", str(tmp_path / "x.parquet"), "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"]


def test_jets_without_flavour_are_said_to_be_data(tmp_path, capsys):
    pq.write_table(pa.table({"jet_pt": [30.0, 40.0], "jet_eta": [0.0, 1.0]}), tmp_path / "x.parquet")
    assert main(["describe", str(tmp_path / "x.parquet")]) == 0
    assert (
        "note: no column looks like the flavour of jets: say labels, or use the file as data"
        in capsys.readouterr().out
    )


def test_what_is_no_such_file_is_one_line(tmp_path, capsys):
    (tmp_path / "x.txt").write_text("jets")
    assert main(["describe", str(tmp_path / "x.txt")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("names", "formats"),
    [
        (["Jet_pt", "luminosityBlock", "Jet_jetId"], ["nanoaod", "columns"]),
        (
            ["Jet_pt", "luminosityBlock", "Jet_jetId", "Jet_DeepCSV_jetNSelectedTracks"],
            ["pfnano", "nanoaod", "columns"],
        ),
        (["jet_pt", "jet_eta", "event_no", "jet_no"], ["deepntuple", "columns"]),
        (["pt"], ["columns"]),
    ],
)
def test_formats_are_recognised_by_their_columns(names, formats):
    assert recognised(names) == formats


def test_generated_ntuples_are_recognised(simulated):
    with opened(simulated, "Events") as container:
        assert recognised(container.names)[0] == "generated"


def test_a_format_with_a_table_of_its_own_starts_with_it(simulated, tmp_path, capsys):
    assert main(["describe", str(simulated), "--out", str(tmp_path / "out"), "--name", "mine"]) == 0
    preset = yaml.safe_load((tmp_path / "out/mine.yaml").read_text())
    assert "inputs: config/features/jet_flavor.yaml" in capsys.readouterr().out
    assert preset["features"] == "config/features/jet_flavor.yaml"
    assert preset["samples"]["mine"].keys() == {"format", "files", "select"}
    assert preset["samples"]["mine"]["format"] == "generated"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine.yaml"]


def test_a_file_read_as_another_format_is_said_to_look_like_its_own(tmp_path, table):
    with uproot.recreate(tmp_path / "x.root") as file:
        file.mktree(
            "deepntuplizer/tree", dict.fromkeys(("jet_pt", "jet_eta", "event_no", "jet_no"), "float32")
        )
    with pytest.raises(
        InputError, match=r"x\.root looks like format deepntuple, and is read as nanoaod: .*tree"
    ):
        read_jets("nanoaod", tmp_path / "x.root", table)
    with pytest.raises(InputError, match=r"^\S*x\.root has no flag of b jets"):
        read_jets("deepntuple", tmp_path / "x.root", table)


@pytest.mark.filterwarnings("ignore:Branch .* already exists:RuntimeWarning")
@pytest.mark.skipif(REAL is None, reason="ROBUSTAG_REAL_DATA names no folder of real jets")
@pytest.mark.parametrize(
    ("file", "form", "jets"),
    [
        ("deepntuple_ttbar_7199jets", "deepntuple", ["isB"]),
        ("nanoaodv5_ttbar_1000ev", "nanoaod", "Jet_hadronFlavour"),
        ("nanoaodv12_ttbar_200ev", "nanoaod", "Jet_hadronFlavour"),
        ("pfnano_qcd_10ev", "pfnano", "Jet_hadronFlavour"),
    ],
)
def test_real_files_are_recognised_and_start_a_study(tmp_path, capsys, file, form, jets):
    preset = start(Path(REAL) / f"{file}.root", tmp_path)
    assert preset["samples"][file]["format"] == form
    assert f"format: {form}\n" in capsys.readouterr().out
    with opened(Path(REAL) / f"{file}.root") as container:
        labels = guessed(survey(container, file)).labels
    assert labels.get("branch", labels["b"]) == jets


def test_files_are_checked_as_a_sample_reads_them(atlas, tmp_path, capsys):
    preset = start(atlas, tmp_path / "out")
    below = tmp_path / "below.yaml"
    below.write_text(yaml.safe_dump({"samples": {"bb": {"process": "bb", "events": 1}}}))
    capsys.readouterr()
    sample = preset["samples"]["atlas"] | {"select": {"pt": [30_000, 90_000], "where": "n_tracks > 2"}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"samples": {"mine": sample}}))
    for name, complaint in (
        ("mine.yaml", "names no sample: write PRESET:NAME"),
        ("mine.yaml:yours", "there is no 'yours' among the samples; use bb, mine"),
        ("mine.yaml:bb", "sample 'bb' is simulated"),
        ("gone.yaml:mine", "gone.yaml cannot be read"),
    ):
        arguments = ["check", str(atlas), "--config", str(below), "--sample", f"{tmp_path}/{name}"]
        assert main(arguments) == 2
        assert complaint in capsys.readouterr().err
    reading = reading_of(sample)
    table = FeatureTable.load(preset["features"])
    jets = reading.jets(atlas, table)
    assert 0 < len(jets) < JETS
    assert ((jets.pt >= 30_000) & (jets.pt < 90_000)).all()
    assert (jets.values[:, table.index("n_tracks")] > 2).all()
    (found,) = check_ntuple(atlas, table, reading)
    assert found.startswith(f"{len(jets)} jets: {(jets.label == 0).sum()} b, ")
