"""Stored files: whole or not there, readable as the umask says, and no flipped bit is ever used."""

import json
import os
import random
import re

import numpy as np
import pandas as pd
import pytest
import torch

from robustag.checksums import checksum, seal, unseal, verify
from robustag.errors import DamageError, InputError
from robustag.files import read_table, write_csv, write_table
from robustag.generate.ntuple import new_ntuple
from robustag.models import read_tensors, write_tensors
from robustag.tensors import Normalisation, Summary, summarise
from robustag.tensors.loading import load_tensors
from robustag.tensors.store import write_store

JETS = 40


@pytest.fixture
def umask():
    """Sets the umask of this process; a test leaves it as it was."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def write_jets(path, table, records):
    rng = np.random.default_rng(1)
    columns = {
        "inputs": rng.normal(size=(JETS, 6)).astype(np.float32),
        "missing": rng.random((JETS, 6)) < 0.2,
        "label": rng.integers(0, 3, JETS),
        "weight": np.ones(JETS, np.float32),
        "pt": rng.uniform(20, 90, JETS).astype(np.float32),
        "eta": rng.normal(size=JETS).astype(np.float32),
        "event": np.arange(JETS),
        "event_weight": np.ones(JETS, np.float32),
    }
    write_store(columns, np.array([20, 30, JETS]), path)


def write_weights(path, table, records):
    write_tensors(path, {"a": torch.arange(60.0), "b": torch.ones(3, dtype=torch.int64)}, {"gamma": 25.0})


def write_numbers(path, table, records):
    write_table(pd.DataFrame({"model": ["clean", "faithful"] * 30, "value": np.arange(60) / 7}), path)


def write_scaling(path, table, records):
    columns = np.linspace(1, 2, table.size)
    Normalisation(table.names, columns, columns, -columns).save(path)


def write_summary(path, table, records):
    summarise(records, [0.6, 0.2, 0.2], [20, 50, 300], [-2.5, 0, 2.5]).save(path)


def read_jets(path):
    return [vars(load_tensors([path], split)) for split in ("train", "validation", "test")]


KINDS = {
    "jets": (write_jets, read_jets),
    "weights": (write_weights, read_tensors),
    "summary": (write_summary, lambda path: vars(Summary.load(path))),
    "scaling": (write_scaling, lambda path: vars(Normalisation.load(path))),
    "table": (write_numbers, read_table),
}


def same(one, other) -> bool:
    """Equal to the last bit, through dictionaries, lists, arrays and tables."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, pd.DataFrame):
        return one.equals(other) and list(one) == list(other)
    if hasattr(one, "__array__"):
        return np.array_equal(one, other) and one.dtype == other.dtype
    return one == other


def write_ntuple(path, table, records):
    with new_ntuple(path) as writer:
        writer.append({"x": np.arange(60.0)})
        writer.finish({})


def write_for_people(path, table, records):
    write_csv(pd.DataFrame({"a": [1]}), path)


@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
@pytest.mark.parametrize(
    "write",
    [*(write for write, _ in KINDS.values()), write_ntuple, write_for_people],
    ids=lambda f: f.__name__,
)
def test_files_are_for_whom_the_umask_allows(write, mask, umask, tmp_path, table, records):
    umask(mask)
    write(tmp_path / "stored.root", table, records)
    assert oct((tmp_path / "stored.root").stat().st_mode & 0o777) == oct(0o666 & ~mask)
    umask(0o022)
    write(tmp_path / "stored.root", table, records)
    assert (tmp_path / "stored.root").stat().st_mode & 0o777 == 0o644, "written again under another umask"


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_one_line_or_without_effect(kind, tmp_path, table, records):
    """Wherever it is: in the numbers, their names, their types or what stands around them."""
    write, read = KINDS[kind]
    path = tmp_path / "stored"
    write(path, table, records)
    whole, content = path.read_bytes(), read(path)
    chance = random.Random(3)
    complaints = []
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            found = read(path)
        except InputError as error:
            complaints.append(str(error))
        else:
            assert same(found, content)
    assert len(complaints) > 100
    assert all(re.fullmatch(r"[^\n]*/stored[^\n]* again", complaint) for complaint in complaints)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_short_or_of_another_kind_is_one_line(kind, tmp_path, table, records):
    write, read = KINDS[kind]
    path = tmp_path / "stored"
    write(path, table, records)
    whole = path.read_bytes()
    for damaged in (b"", whole[:7], whole[: len(whole) // 2], whole[:-2], b"not such a file\n" * 50):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="again"):
            read(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="again"):
        read(path)


@pytest.mark.parametrize("kind", ["jets", "weights", "summary"])
def test_one_kind_is_not_read_as_another(kind, tmp_path, table, records):
    KINDS[kind][0](tmp_path / "stored", table, records)
    for other in {"jets", "weights", "summary"} - {kind, "weights"}:
        with pytest.raises(InputError, match="run again"):
            KINDS[other][1](tmp_path / "stored")


def test_a_damaged_split_does_not_stand_in_the_way_of_the_others(tmp_path, table, records):
    path = tmp_path / "stored"
    write_jets(path, table, records)
    whole = path.read_bytes()
    # The last number of an array belongs to a test jet.
    last = whole.index(np.int64(JETS - 1).tobytes())
    path.write_bytes(whole[:last] + b"\xff" + whole[last + 1 :])
    assert len(load_tensors([path], "train")) == 20
    with pytest.raises(InputError, match=r"checksum of 'test event' is wrong.*run again"):
        load_tensors([path], "test")


def test_checksums_know_types_and_shapes():
    zeros = np.zeros(4, np.float32)
    others = [zeros.view(np.int32), zeros.reshape(2, 2), -zeros, zeros[:3]]
    assert checksum(zeros) not in [checksum(other) for other in others]
    assert checksum(zeros) == checksum(np.zeros((4, 2), np.float32)[:, 0]), "strides are no matter"
    assert checksum(np.empty((0, 3))) != checksum(np.empty((0, 4)))


def test_a_seal_holds_card_and_sums_together():
    arrays = {"a": np.arange(3)}
    metadata = seal({"n": 1}, arrays)
    card, sums = unseal(metadata)
    assert card == {"n": 1}
    verify(arrays.items(), sums)
    forged = json.loads(metadata["sealed"]) | {"card": {"n": 2}}
    for broken in ({"sealed": json.dumps(forged)}, {"sealed": "[]"}, {"sealed": "{"}, {}, None):
        with pytest.raises(DamageError):
            unseal(broken)


def test_a_table_lacks_a_column(tmp_path):
    write_table(pd.DataFrame({"a": [1], "b": [2]}), tmp_path / "t.parquet")
    assert list(read_table(tmp_path / "t.parquet", ["b"])) == ["b"]
    with pytest.raises(InputError, match=r"t\.parquet: column c is missing; the table has a, b"):
        read_table(tmp_path / "t.parquet", ["a", "c"])


def test_reading_named_columns(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": [1], "b": [2], "c": [3]}).to_parquet(path)
    assert list(read_table(path, ["c", "a"]).columns) == ["c", "a"]
    with pytest.raises(InputError, match=r"t\.parquet: column d, e is missing; the table has a, b, c"):
        read_table(path, ["a", "d", "e"])
    with pytest.raises(InputError, match=r"other\.parquet is missing: run the rule"):
        read_table(tmp_path / "other.parquet", ["a"])
    (tmp_path / "bad.parquet").write_text("not a table")
    with pytest.raises(InputError, match=r"bad\.parquet is damaged or no table"):
        read_table(tmp_path / "bad.parquet", ["a"])
