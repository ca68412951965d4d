"""From records to tensors: cleaning, moments, scaling, weights, the store."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from robustag.errors import InputError
from robustag.readers import JetRecords
from robustag.tensors import Normalisation, Summary, WeightMap, check_sources, merge, summarise, tensorise
from robustag.tensors.loading import load_tensors
from robustag.tensors.split import assign_split

FRACTIONS = [0.72, 0.08, 0.20]
PT, ETA = [20.0, 60.0, 150.0, 900.0], [-2.5, 0.0, 2.5]


@pytest.fixture
def prepared(records, table, tmp_path):
    """(records, normalisation, weights, path of the stored tensors)."""
    summary = summarise(records, FRACTIONS, PT, ETA)
    normalisation = Normalisation.fit(summary, table)
    weights = WeightMap.fit(summary.kinematics, PT, ETA)
    path = tmp_path / "chunk.safetensors"
    tensorise(records, table, normalisation, weights, FRACTIONS, path)
    return records, normalisation, weights, path


def test_what_exists_follows_the_study(table):
    values = np.full((1, table.size), 1.0)
    values[0, table.index("jet_prob")] = -0.001  # equal to its missing value
    values[0, table.index("vertex_mass")] = -1.0  # below it
    values[0, table.index("delta_r_vertex")] = np.inf
    values[0, table.index("track_0_D0")] = -5.0  # no fixed missing value: any finite number exists
    marked = table.missing_rules.mark(values)[0]
    gone = [table.names[i] for i in np.flatnonzero(np.isnan(marked))]
    assert gone == ["jet_prob", "delta_r_vertex", "vertex_mass"]


def test_moments_equal_numpy_on_the_training_jets(records, table):
    summary = summarise(records, FRACTIONS, PT, ETA)
    train = assign_split(records.event, FRACTIONS) == 0
    values = records.values.astype(np.float64)
    np.testing.assert_allclose(summary.mean, np.nanmean(values[train], axis=0))
    np.testing.assert_allclose(summary.squares / summary.count, np.nanvar(values[train], axis=0))
    np.testing.assert_array_equal(summary.minimum, np.nanmin(values, axis=0))
    assert summary.jets.sum() == len(records)
    assert summary.kinematics.sum() == train.sum()


def test_summaries_merge_to_the_summary_of_all(records, table):
    whole = summarise(records, FRACTIONS, PT, ETA)
    cuts = [slice(0, 100), slice(100, 102), slice(102, 600)]
    merged = merge(summarise(records.select(cut), FRACTIONS, PT, ETA) for cut in cuts)
    for name, value in vars(whole).items():
        np.testing.assert_allclose(getattr(merged, name), value, rtol=1e-10, err_msg=name)


def test_an_empty_chunk_adds_nothing(records, table):
    whole = summarise(records, FRACTIONS, PT, ETA)
    empty = summarise(records.select(slice(0, 0)), FRACTIONS, PT, ETA)
    for name, value in vars(merge([empty, whole])).items():
        np.testing.assert_allclose(value, getattr(whole, name), err_msg=name)


def test_scaled_training_inputs_have_mean_0_and_sigma_1(prepared):
    _, _, _, path = prepared
    train = load_tensors([path], "train")
    inputs = train.inputs.double().masked_fill(train.missing, float("nan"))
    assert torch.nanmean(inputs, dim=0).abs().max() < 1e-5
    variance = torch.nanmean(inputs.square(), dim=0)
    assert (variance - 1).abs().max() < 1e-5


def test_missing_entries_are_marked_and_hold_the_scaled_missing_value(prepared, table):
    records, normalisation, _, path = prepared
    tensors = [load_tensors([path], split) for split in ("train", "validation", "test")]
    missing = torch.cat([part.missing for part in tensors])
    assert missing.sum() == np.isnan(records.values).sum()
    expected = torch.tensor(normalisation.scale(normalisation.missing), dtype=torch.float32)
    inputs = torch.cat([part.inputs for part in tensors])
    torch.testing.assert_close(inputs[missing], expected.expand_as(inputs)[missing])


def test_data_driven_missing_value_lies_just_below_the_smallest(prepared, table):
    records, normalisation, _, _ = prepared
    column = table.index("track_0_D0")
    smallest = np.nanmin(records.values[:, column])
    assert normalisation.missing[column] == pytest.approx(smallest - 0.001)


def test_scaling_inverts(prepared):
    records, normalisation, _, _ = prepared
    values = np.nan_to_num(records.values, posinf=0, neginf=0)
    np.testing.assert_allclose(normalisation.unscale(normalisation.scale(values)), values, atol=1e-9)


def test_normalisation_and_weights_survive_the_disk(prepared, tmp_path):
    _, normalisation, weights, _ = prepared
    normalisation.save(tmp_path / "n.json")
    again = Normalisation.load(tmp_path / "n.json")
    assert again.names == normalisation.names
    np.testing.assert_array_equal(again.sigma, normalisation.sigma)
    weights.save(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(WeightMap.load(tmp_path / "w.safetensors").weight, weights.weight)


def test_weighted_flavours_share_one_spectrum_and_equal_sums(records, table):
    summary = summarise(records, FRACTIONS, PT, ETA)
    weights = WeightMap.fit(summary.kinematics, PT, ETA)
    weighted = summary.kinematics * weights.weight
    assert (summary.kinematics > 0).all(), "the closed form needs every bin filled"
    np.testing.assert_allclose(weighted[0], weighted[1])
    np.testing.assert_allclose(weighted[0], weighted[2])
    assert weighted.sum() == pytest.approx(summary.kinematics.sum())
    shapes = summary.kinematics / summary.kinematics.sum(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(weighted[0] / weighted[0].sum(), shapes.mean(axis=0))


def test_jets_beyond_the_edges_take_the_outermost_bin():
    weights = WeightMap.fit(np.arange(1, 19).reshape(3, 3, 2), PT, ETA)
    label = np.zeros(2, dtype=int)
    beyond = weights(label, np.array([5.0, 5000.0]), np.array([-9.0, 9.0]))
    within = weights(label, np.array([30.0, 500.0]), np.array([-1.0, 1.0]))
    np.testing.assert_array_equal(beyond, within)


def test_splits_partition_the_jets(prepared):
    records, _, _, path = prepared
    parts = [load_tensors([path], split) for split in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(records)
    events = [set(part.event.tolist()) for part in parts]
    assert len(set.union(*events)) == sum(map(len, events))


def test_a_flavour_without_training_jets_is_refused(records, table):
    no_charm = records.select(records.label != 1)
    with pytest.raises(InputError, match="lack a flavour"):
        Normalisation.fit(summarise(no_charm, FRACTIONS, PT, ETA), table)


def test_an_input_without_entries_is_named(records, table):
    values = records.values.copy()
    values[:, table.index("vertex_mass")] = np.nan
    broken = JetRecords(**{**vars(records), "values": values})
    with pytest.raises(InputError, match="'vertex_mass' is missing for every"):
        Normalisation.fit(summarise(broken, FRACTIONS, PT, ETA), table)


def test_an_input_that_one_file_lacks_is_named_with_the_file(table):
    """A tagger was not evaluated there; what is rare, and files without training jets, may well have none."""
    name, rare = (table.index(each) for each in ("vertex_mass", "track_5_D0"))

    def part(jets, exists):
        count = np.full(table.size, float(jets))
        count[name], count[rare] = exists, 0
        one = np.ones(table.size)
        of_flavour = np.array([[jets, 0, 0], [9, 9, 9], [9, 9, 9]])
        weights = np.repeat(of_flavour.sum(axis=1)[:, None], 3, axis=1).astype(float)
        kinematics = np.full((3, 3, 2), jets / 18)
        return Summary(count, one, one, one, of_flavour, np.zeros(3, int), weights, kinematics)

    good, rarely = part(9000, 4500), part(9000, 4500)
    rarely.count[rare] = 3
    parts = {"a.root": good, "b.root": rarely, "c.root": part(0, 0), "d.root": part(1500, 0)}
    check_sources(parts, table.names)
    with pytest.raises(
        InputError, match=r"^d\.root: input 'vertex_mass' is missing for every .*\(1 such"
    ) as fault:
        check_sources(parts | {"d.root": part(4000, 0)}, table.names)
    assert "\n" not in str(fault.value)
    with pytest.raises(InputError, match=r"^a\.root: input 'track_5_D0' is missing for every"):
        check_sources({"c.root": part(0, 0), "a.root": good}, table.names)


@pytest.mark.parametrize("kind", [Summary, WeightMap, Normalisation])
def test_damaged_files_are_refused(tmp_path, kind):
    path = tmp_path / "damaged"
    path.write_bytes(b"\x00" * 40)
    with pytest.raises(InputError, match="run again"):
        kind.load(path)


def test_a_truncated_store_is_refused(prepared):
    path = prepared[-1]
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="no tensor store"):
        load_tensors([path], "train")


def test_data_are_all_tested_with_neither_label_nor_training_weight(prepared, table, tmp_path):
    records, normalisation, weights, path = prepared
    tensorise(records.chosen("ignored", path), table, normalisation, weights, [0, 0, 1], tmp_path / "data")
    data, all_jets = load_tensors([tmp_path / "data"], "test"), load_tensors([path], "test")
    assert len(data) == len(records) > len(all_jets)
    assert (data.label == -1).all()
    assert (data.weight == 0).all()
    assert (all_jets.weight > 0).any()
    kept = torch.isin(data.event, all_jets.event)
    assert torch.equal(data.inputs[kept], all_jets.inputs), "scaled as the study's jets"
    with pytest.raises(InputError, match="no jets in the train split"):
        load_tensors([tmp_path / "data"], "train")


def weighted(records, seed=3):
    """The records with weights of one to four, and with as many copies of each jet."""
    weight = np.random.default_rng(seed).integers(1, 5, len(records))
    return replace(records, weight=weight.astype(np.float32)), records.select(
        np.repeat(np.arange(len(records)), weight)
    )


def test_a_jet_of_weight_two_is_two_training_jets(records, table):
    jets, copies = (summarise(each, FRACTIONS, PT, ETA) for each in weighted(records))
    for name in ("count", "mean", "squares", "kinematics"):
        np.testing.assert_allclose(getattr(jets, name), getattr(copies, name), rtol=1e-12, err_msg=name)
    one, other = (Normalisation.fit(summary, table) for summary in (jets, copies))
    np.testing.assert_allclose(one.sigma, other.sigma, rtol=1e-12)
    assert jets.jets.sum() == len(records), "jets stay jets"
    maps = [WeightMap.fit(summary.kinematics, PT, ETA).weight for summary in (jets, copies)]
    np.testing.assert_allclose(*maps, rtol=1e-12)


def test_summaries_of_signed_weights_merge(records):
    signed = replace(records, weight=np.random.default_rng(5).normal(0.5, 1.0, len(records)))
    whole = summarise(signed, FRACTIONS, PT, ETA)
    cuts = [slice(0, 3), slice(3, 300), slice(300, 600)]
    merged = merge(summarise(signed.select(cut), FRACTIONS, PT, ETA) for cut in cuts)
    for name, value in vars(whole).items():
        np.testing.assert_allclose(getattr(merged, name), value, rtol=1e-8, atol=1e-9, err_msg=name)
    train = assign_split(signed.event, FRACTIONS) == 0
    assert whole.negative[0] == (signed.weight[train] < 0).sum() > 0
    weight = signed.weight[train]
    assert f"train: {whole.negative[0]} of {train.sum()} jets have negative weights" in str(whole)
    assert f"{weight.sum() / np.abs(weight).sum():.4g} of their sizes" in str(whole)
    assert f"as good as {weight.sum() ** 2 / np.square(weight).sum():.0f} of weight one" in str(whole)


def test_weights_that_differ_in_sign_alone_are_told(records):
    signed = replace(records, weight=np.where(np.arange(len(records)) % 4 == 0, -1.0, 1.0))
    assert "of their sizes" in str(summarise(signed, FRACTIONS, PT, ETA))


def test_jets_that_count_one_each_are_told_as_they_were(records):
    summary = summarise(replace(records, weight=-records.weight).weighted(False), FRACTIONS, PT, ETA)
    assert str(summary) == f"jets by split and class: {summary.jets.tolist()}"
    assert summary.weights[:, 0].sum() == len(records)


def test_a_bin_of_negative_weight_hides_its_jets():
    jets = np.ones((3, 3, 2))
    jets[1, 2, 0] = -0.5
    found = WeightMap.fit(jets, PT, ETA)
    assert found.weight[1, 2, 0] == 0
    sums = (found.weight * np.maximum(jets, 0)).reshape(3, -1)
    np.testing.assert_allclose(sums[0], sums[2])
    np.testing.assert_allclose(sums[1][sums[1] > 0], sums[0][sums[1] > 0])
    jets[1] = -1.0
    with pytest.raises(InputError, match="a flavour have no weight"):
        WeightMap.fit(jets, PT, ETA)


def test_an_input_that_negative_weights_outweigh_is_refused(records, table):
    values, weight = records.values.copy(), np.ones(len(records))
    rare = np.flatnonzero(assign_split(records.event, FRACTIONS) == 0)[:3]
    values[:, table.index("vertex_mass")] = np.nan
    values[rare, table.index("vertex_mass")] = [1.0, 2.0, 3.0]
    weight[rare[:2]] = -1.0
    summary = summarise(replace(records, values=values, weight=weight), FRACTIONS, PT, ETA)
    with pytest.raises(InputError, match=r"negative weights .* outweigh .* 'vertex_mass'"):
        Normalisation.fit(summary, table)


def test_tensors_have_both_weights(records, table, tmp_path):
    jets, _ = weighted(records)
    summary = summarise(jets, FRACTIONS, PT, ETA)
    weights = WeightMap.fit(summary.kinematics, PT, ETA)
    normalisation = Normalisation.fit(summary, table)
    tensorise(jets, table, normalisation, weights, FRACTIONS, tmp_path / "jets.safetensors")
    train = load_tensors([tmp_path / "jets.safetensors"], "train")
    chosen = assign_split(jets.event, FRACTIONS) == 0
    np.testing.assert_array_equal(train.event_weight, jets.weight[chosen])
    of_flavour = torch.zeros(3).index_add_(0, train.label, train.weight * train.event_weight)
    torch.testing.assert_close(of_flavour, of_flavour.mean().expand(3))


def test_a_weight_that_is_no_number_is_refused(records, table):
    weight = np.where(np.arange(len(records)) == 5, np.nan, 1.0)
    with pytest.raises(InputError, match=r"jets.root: 1 jets have no kinematics, .* and weight = nan"):
        replace(records, weight=weight).cleaned("jets.root", table)
