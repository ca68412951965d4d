"""Batches come in one order, wherever the jets are."""

import math

import numpy as np
import pytest
import torch
from tests.unit.training.conftest import FOLLOWED, toy_jets

from robustag.errors import InputError
from robustag.tensors.loading import JetShards, load_tensors
from robustag.tensors.store import write_store
from robustag.training import open_feed, train_model
from robustag.training.feed import Resident, Streamed, batches, on_device
from robustag.training.files import COLUMNS, TrainingFiles

CPU = torch.device("cpu")
# Training jets of each file: blocks and windows below end inside files, and one file has none.
FILES = [700, 0, 1, 1033, 466]


@pytest.fixture
def paths(tmp_path):
    """Files of the tensor store; the event of a training jet is its row."""
    first, found = 0, []
    for number, count in enumerate(FILES):
        jets = toy_jets(count + 5, seed=number)
        columns = jets._asdict() | {"pt": jets.weight + 1, "eta": jets.weight + 2}
        columns |= {"event": torch.arange(first, first + count + 5)}
        columns |= {"event_weight": jets.weight - 1}
        # The row also rides in an input, where batches show it.
        columns["inputs"][:, 0] = columns["event"]
        found.append(tmp_path / f"{number}.safetensors")
        ends = np.array([count, count + 2, count + 5])
        write_store({name: column.numpy() for name, column in columns.items()}, ends, found[-1])
        first += count
    return found


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr("robustag.training.feed.WINDOW", 700)
    monkeypatch.setattr("robustag.training.feed.BLOCK", 64)


def rows_of(source, size, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [batch.inputs[:, 0].long() for batch in batches(source, size, generator)]


def both(paths):
    files = TrainingFiles.open(paths, {})
    sources = open_feed(files, CPU, math.inf), open_feed(files, CPU, 0)
    assert [type(source) for source in sources] == [Resident, Streamed]
    return sources


def test_a_split_is_read_whole_or_in_parts(paths):
    whole = load_tensors(paths, "train")
    assert torch.equal(whole.event, torch.arange(sum(FILES)))
    rows = torch.tensor([0, 699, 700, 701, 701, 2199])
    part = JetShards(paths, "train").read(rows, ["inputs", "missing"])
    assert list(part) == ["inputs", "missing"]
    assert torch.equal(part["inputs"], whole.inputs[rows])
    assert len(load_tensors(paths, "validation")) == 2 * len(FILES)


def test_memory_decides_where_the_jets_are(paths):
    files = TrainingFiles.open(paths, {})
    size = sum(FILES) * (23 * (4 + 1) + 8 + 4)
    assert isinstance(open_feed(files, CPU, size), Resident)
    assert isinstance(open_feed(files, CPU, size - 1), Streamed)


def test_every_jet_comes_once_and_as_it_was_stored(paths, small_windows):
    jets = load_tensors(paths, "train")
    stored = on_device(jets, CPU)
    assert torch.equal(stored.weight, jets.weight * jets.event_weight)
    for source in both(paths):
        shown = list(batches(source, 300, torch.Generator().manual_seed(1)))
        assert [len(batch.label) for batch in shown] == [300] * 7 + [100]
        rows = torch.cat([batch.inputs[:, 0] for batch in shown]).long()
        assert torch.equal(rows.sort().values, torch.arange(2200))
        for name in COLUMNS:
            together = torch.cat([getattr(batch, name) for batch in shown])
            assert torch.equal(together, getattr(stored, name)[rows]), name


def test_the_order_is_that_of_the_seed_wherever_the_jets_are(paths, small_windows):
    resident, streamed = both(paths)
    for one, other in zip(rows_of(resident, 128), rows_of(streamed, 128), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(rows_of(resident, 128)[0], rows_of(resident, 128, seed=2)[0])


def test_a_window_holds_whole_blocks_and_no_order_within_them(paths, small_windows):
    """640 jets are five whole batches of 128 and ten blocks of 64."""
    resident, _ = both(paths)
    window = torch.cat(rows_of(resident, 128)[:5])
    blocks, counts = (window // 64).unique(return_counts=True)
    short = 2200 % 64
    whole = counts == 64
    assert whole.sum() >= 9
    assert set(counts[~whole].tolist()) <= {short, 64 - short}
    assert not torch.equal(blocks, torch.arange(len(blocks))), "the blocks are random"
    steps = window.diff().abs()
    assert (steps == 1).sum() < 10, "neighbours in the file are not neighbours in a batch"


def test_without_a_need_for_windows_any_jet_meets_any_other(paths):
    """Places of a jet in the order are uniform: mean and spread of first-batch rows over many seeds."""
    resident, _ = both(paths)
    rows = torch.cat([rows_of(resident, 100, seed)[0] for seed in range(40)]).double()
    assert abs(rows.mean() - 1099.5) < 4 * 635 / math.sqrt(len(rows))
    assert rows.std() == pytest.approx(2200 / math.sqrt(12), rel=0.03)


@pytest.mark.parametrize(
    "recipe",
    [
        {"name": "nominal"},
        {"name": "fgsm", "epsilon": 0.1, "attack_mode": "train"},
        {"name": "mtl_ibp", "epsilon": 0.1, "weight": 0.3, "warm_up": 2, "steps": 1, "rate": 1.25},
        {"name": "sabr", "epsilon": 0.1, "width": 0.2, "warm_up": 2, "steps": 1, "rate": 1.25},
    ],
    ids=lambda recipe: recipe["name"],
)
def test_weights_do_not_depend_on_memory(paths, small_windows, toy, definition, tmp_path, recipe):
    _, validation, rule = toy
    definition["recipe"] = recipe
    trained = [
        train_model(
            definition,
            source,
            validation,
            rule,
            validation_rule=rule,
            settings=FOLLOWED,
            seed=1,
            device="cpu",
            checkpoint=tmp_path / f"{number}.checkpoint",
            fingerprint="a",
            progress=lambda row: None,
        )
        for number, source in enumerate(both(paths))
    ]
    (one, history, _), (other, streamed_history, _) = trained
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert history.drop(columns="seconds").equals(streamed_history.drop(columns="seconds"))


def test_a_file_that_is_gone_is_named(paths, small_windows):
    _, streamed = both(paths)
    shown = batches(streamed, 128, torch.Generator().manual_seed(1))
    next(shown)
    # Gone, not emptied: a file that shrinks while it is mapped is a bus error, whoever reads it.
    paths[3].unlink()
    with pytest.raises(InputError, match=r"3\.safetensors is missing: run the rule"):
        list(shown)


@pytest.fixture
def varied(tmp_path, paths):
    """The same jets in another detector, in other files and in another order; every seventh is lost."""
    jets = load_tensors(paths, "train")
    rows = torch.randperm(len(jets), generator=torch.Generator().manual_seed(1))
    rows = rows[rows % 7 > 0]
    columns = {name: getattr(jets, name)[rows].clone() for name in vars(jets)}
    columns["inputs"][:, 1] = 1000 + columns["event"]
    columns["missing"][:, 2] = True
    path = tmp_path / "varied.safetensors"
    write_store({name: c.numpy() for name, c in columns.items()}, np.array([len(rows)] * 3), path)
    return path


def test_the_same_jets_of_another_detector_go_along(paths, varied, small_windows):
    files = TrainingFiles.open(paths, {"up": varied})
    assert files.variations[0].found == pytest.approx(6 / 7, abs=0.001)
    jets = load_tensors(paths, "train")
    resident, streamed = open_feed(files, CPU, math.inf), open_feed(files, CPU, 0)
    assert [type(source) for source in (resident, streamed)] == [Resident, Streamed]
    shown = [list(batches(s, 300, torch.Generator().manual_seed(1))) for s in (resident, streamed)]
    for one, other in zip(*shown, strict=True):
        for mine, theirs in zip(one[:-1], other[:-1], strict=True):
            assert torch.equal(mine, theirs)
        assert one.target is other.target is None, "nobody teaches"
        event = one.inputs[:, 0].long()
        lost = event % 7 == 0
        own = one.inputs[:, None]
        assert torch.equal(one.varied[lost], own[lost])
        assert torch.equal(one.varied_missing[lost], one.missing[lost][:, None])
        assert torch.equal(one.varied[~lost][:, 0, 1], 1000.0 + event[~lost])
        assert torch.equal(one.varied[~lost][:, 0, 2:], one.inputs[~lost][:, 2:])
        assert one.varied_missing[~lost][:, 0, 2].all()
    assert sum(len(batch.label) for batch in shown[0]) == len(jets)


def test_a_variation_of_other_collisions_is_refused(paths, varied, tmp_path):
    shards = JetShards([varied], "train")
    jets = shards.read(torch.arange(len(shards)))
    jets["event"] += 10**6
    other = tmp_path / "other.safetensors"
    write_store({name: column.numpy() for name, column in jets.items()}, np.array([len(shards)] * 3), other)
    with pytest.raises(InputError, match=r"variation 'up'.*same collisions"):
        TrainingFiles.open(paths, {"up": other})
