"""Keys of events, where a file numbers them and where it does not."""

import logging

import numpy as np

from robustag.readers import entry_key, event_key
from robustag.tensors.split import assign_split


def test_an_entry_keeps_its_key_where_the_file_is_moved_or_read_in_parts(caplog):
    whole = entry_key("/data/old/jets.h5", np.arange(1000))
    assert (entry_key("root://server//new/jets.h5", np.arange(400, 1000)) == whole[400:]).all()
    assert caplog.messages[0] == (
        "/data/old/jets.h5 has no event numbers: an event is known by the file's name and its entry there"
    )
    assert caplog.records[0].levelno == logging.WARNING


def test_files_of_other_names_have_other_events():
    names = [f"jets_{number}.h5" for number in range(50)]
    keys = np.concatenate([entry_key(name, np.arange(1000)) for name in names])
    assert len(np.unique(keys)) == 50_000
    shares = np.bincount(assign_split(keys, [0.72, 0.08, 0.2])) / 50_000
    assert np.abs(shares - [0.72, 0.08, 0.2]).max() < 0.01
    assert not np.isin(keys, event_key(np.arange(10_000))).any()


def test_entries_of_one_event_share_its_key():
    entry = np.array([3, 3, 4])
    first, again, other = entry_key("jets.h5", entry)
    assert first == again != other
