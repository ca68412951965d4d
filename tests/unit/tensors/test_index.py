"""An index stands for the tensor files it lists, as long as they are the ones."""

import json

import pytest
import torch

from robustag.errors import InputError
from robustag.tensors import Normalisation, WeightMap, summarise, tensorise, write_index
from robustag.tensors.loading import load_tensors

SPLIT = [0.72, 0.08, 0.20]


@pytest.fixture
def files(tmp_path, table, records):
    """Two stored chunks, and a function that stores jets anew in one of them."""
    pt, eta = [20.0, 900.0], [-2.5, 2.5]
    summary = summarise(records, SPLIT, pt, eta)
    normalisation = Normalisation.fit(summary, table)
    weights = WeightMap.fit(summary.kinematics, pt, eta)

    def store(number, rows):
        path = tmp_path / f"sample/{number}.safetensors"
        tensorise(records.select(rows), table, normalisation, weights, SPLIT, path)
        return path

    return [store(0, slice(0, 400)), store(1, slice(400, 600))], store


def test_an_index_reads_as_its_files(files, tmp_path):
    paths, _ = files
    index = tmp_path / "all.index.json"
    write_index(paths, index)
    one, other = load_tensors([index], "test"), load_tensors(paths, "test")
    assert all(torch.equal(getattr(one, name), getattr(other, name)) for name in vars(other))


def test_it_holds_no_absolute_path(files, tmp_path):
    index = tmp_path / "all.index.json"
    write_index(files[0], index)
    assert list(json.loads(index.read_text())) == ["sample/0.safetensors", "sample/1.safetensors"]


def test_other_jets_under_a_listed_name_are_refused(files, tmp_path):
    paths, store = files
    index = tmp_path / "all.index.json"
    write_index(paths, index)
    before = index.read_text()
    store(1, slice(0, 200))
    with pytest.raises(InputError, match=r"1\.safetensors .*not the file that its index lists"):
        load_tensors([index], "test")
    write_index(paths, index)
    assert index.read_text() != before, "what reads the index is run again"


def test_a_damaged_index_is_one_clear_line(tmp_path):
    index = tmp_path / "all.index.json"
    index.write_text("[1,")
    with pytest.raises(InputError, match=r"no index of tensors .* delete it and run again"):
        load_tensors([index], "test")
