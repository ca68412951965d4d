"""Bad ROOT files through the doors of the user: one line with file, thing and mend, and nothing written."""

import os
import re
import shutil
import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import uproot

from robustag.cli import main
from robustag.readers.generated import branch_of
from tests.unit.readers.test_generated import variables

JETS = [[5, 4], [], [0], [4, 0, 5]]  # flavours, by event


@pytest.fixture
def arrays(table):
    """Branches of a small ntuple, by collection, that a test may spoil before it writes them."""
    flavour = ak.values_astype(ak.Array(JETS), np.int32)
    ones = ak.values_astype(ak.ones_like(flavour), np.float32)
    jets = {branch_of(name): 0.25 * ones for name in variables(table, "jet")}
    jets |= {"pt": 50 * ones, "eta": ones, "phi": ones, "mass": ones, "hadronFlavour": flavour}
    tracks = dict.fromkeys(variables(table, "track"), 0.25 * ones) | {"jetIdx": ak.local_index(flavour)}
    tracks["jetIdx"] = ak.values_astype(tracks["jetIdx"], np.int32)
    events = len(JETS)
    return {
        "run": np.ones(events, np.uint32),
        "luminosityBlock": np.ones(events, np.uint32),
        "event": np.arange(events, dtype=np.uint64),
        "Jet": jets,
        "Track": tracks,
    }


def write(path, arrays, tree="Events"):
    whole = {key: ak.zip(value) if isinstance(value, dict) else value for key, value in arrays.items()}
    types = {
        key: value.type.content if isinstance(value, ak.Array) else value.dtype
        for key, value in whole.items()
    }
    with uproot.recreate(path) as file:
        file.mktree(tree, types).extend(whole)


def one(column, value):
    """A jagged column whose first number is another one."""
    flat = ak.to_numpy(ak.flatten(column)).copy()
    flat[0] = value
    return ak.unflatten(flat, ak.num(column))


def spoil(collection, name, value):
    def change(arrays):
        arrays[collection][name] = one(arrays[collection][name], value)

    return change


def without(collection, name=None):
    def change(arrays):
        del (arrays[collection] if name else arrays)[name or collection]

    return change


def only(rows):
    """Events, by number, in this order."""

    def change(arrays):
        for key, value in arrays.items():
            for name, column in value.items() if isinstance(value, dict) else ():
                value[name] = column[rows]
            if not isinstance(value, dict):
                arrays[key] = value[rows]

    return change


SPOILED = {
    "no jets": (without("Jet"), "lacks the branch Jet_pt"),
    "no tracks": (without("Track"), "lacks the branch Track_jetIdx"),
    "no event number": (without("event"), "event"),
    "no pt": (without("Jet", "pt"), "lacks the branch Jet_pt"),
    "no phi": (without("Jet", "phi"), "lacks the branch Jet_phi"),
    "no D0": (without("Track", "D0"), "lacks the branch Track_D0"),
    "no links": (without("Track", "jetIdx"), "lacks the branch Track_jetIdx"),
    "no input": (without("Jet", "jet_prob"), "lacks the branch Jet_jet_prob"),
    "1e31": (spoil("Jet", "vertex_mass", 1e31), r"input 'vertex_mass' holds 1e\+31 in 1 jets"),
    "-1e31": (spoil("Track", "Z0", -1e31), "input 'track_0_Z0' holds -1e"),
    "pt NaN": (spoil("Jet", "pt", np.nan), "1 jets have no kinematics"),
    "pt infinite": (spoil("Jet", "pt", np.inf), "1 jets have no kinematics"),
    "eta NaN": (spoil("Jet", "eta", np.nan), "1 jets have no kinematics"),
    "gluons": (spoil("Jet", "hadronFlavour", 21), "Jet_hadronFlavour holds 21"),
    "negative flavour": (spoil("Jet", "hadronFlavour", -5), "Jet_hadronFlavour holds -5"),
    "variance 0": (spoil("Track", "D0D0", 0), "D0D0 holds a variance that is not positive"),
    "variance NaN": (spoil("Track", "D0D0", np.nan), "D0D0 holds a variance that is not positive"),
    "link too far": (spoil("Track", "jetIdx", 7), "Track_jetIdx holds 7, beyond the jets"),
}
UNFIT = {
    "no events": (only([]), "holds no jets"),
    "no jets in any event": (only([1]), "holds no jets"),
    "an event twice": (only([0, 1, 2, 3, 0]), "event 0 of run 1.*more than once, as do 0 others"),
    "everything twice": (only([0, 1, 2, 3] * 2), "more than once, as do 2 others"),
    "not evaluated": (spoil("Track", "D0", -1000.0), r"input 'track_0_D0' is -1000 .* outside \[-8, 8\]"),
    "pt in MeV": (spoil("Jet", "jet_width_eta", 250.0), "input 'jet_width_eta' is 250 .* mend its unit"),
}


@pytest.fixture
def refused(root, monkeypatch, tmp_path, capsys):
    """Check that `robustag check` refuses a file with one line that names it, and writes nothing."""
    monkeypatch.chdir(root)

    def run(path, complaint, command=("check",)):
        before = sorted(tmp_path.rglob("*"))
        assert main([*map(str, command), str(path)]) == 2
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1, captured.err
        assert captured.err.startswith(f"robustag {command[0]}: ")
        assert str(path) in captured.err
        assert len(captured.err) < 700
        assert re.search(complaint, captured.err), captured.err
        assert "Traceback" not in captured.err
        assert sorted(tmp_path.rglob("*")) == before

    return run


@pytest.mark.parametrize("name", [*SPOILED, *UNFIT])
def test_a_spoiled_ntuple_is_refused(name, arrays, tmp_path, refused):
    change, complaint = (SPOILED | UNFIT)[name]
    change(arrays)
    write(tmp_path / "mine.root", arrays)
    refused(tmp_path / "mine.root", complaint)


def test_an_ntuple_as_it_should_be_is_described(arrays, tmp_path, root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    write(tmp_path / "mine.root", arrays)
    assert main(["check", str(tmp_path / "mine.root")]) == 0
    assert capsys.readouterr().out.endswith("mine.root: 6 jets: 2 b, 2 c, 2 light\n")
    only([2])(arrays)
    write(tmp_path / "light.root", arrays)
    assert main(["check", str(tmp_path / "light.root")]) == 0
    assert "0 b, 0 c, 1 light (a study needs all three" in capsys.readouterr().out
    del arrays["Jet"]["hadronFlavour"]
    write(tmp_path / "data.root", arrays)
    assert main(["check", str(tmp_path / "data.root")]) == 0
    assert "1 jets without flavour" in capsys.readouterr().out


def test_what_is_missing_for_an_input_is_no_fault(arrays, tmp_path, root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    for value in (np.nan, np.inf, -np.inf, -1000.0):
        spoil("Jet", "vertex_mass", value)(arrays)
        write(tmp_path / "mine.root", arrays)
        assert main(["check", str(tmp_path / "mine.root")]) == 0


def test_a_jet_of_very_many_tracks_is_read(arrays, tmp_path, root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    only([2])(arrays)
    for name, column in arrays["Track"].items():
        arrays["Track"][name] = ak.unflatten(np.repeat(ak.to_numpy(ak.flatten(column)), 300_000), [300_000])
    write(tmp_path / "mine.root", arrays)
    assert main(["check", str(tmp_path / "mine.root")]) == 0
    assert "1 jets" in capsys.readouterr().out


@pytest.mark.parametrize("keep", [0, 3, 4, 100, 0.1, 0.5, 0.9])
def test_a_truncated_ntuple_is_refused(keep, arrays, tmp_path, refused):
    path = tmp_path / "mine.root"
    write(path, arrays)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
    refused(path, "has no readable tree|damaged")


def another_tree(path, arrays):
    write(path, arrays, tree="tree")


def no_tree(path, arrays):
    with uproot.recreate(path) as file:
        file["name"] = "Events"


def text_as_tree(path, arrays):
    with uproot.recreate(path) as file:
        file["Events"] = "no tree"


def a_folder(path, arrays):
    path.mkdir()


def text(path, arrays):
    path.write_text("jet_pt,jet_eta\n50,1\n" * 1000)


def zeros(path, arrays):
    path.write_bytes(bytes(100_000))


def root_and_garbage(path, arrays):
    path.write_bytes(b"root" + np.random.default_rng(1).bytes(50_000))


def dangling(path, arrays):
    path.symlink_to("nowhere.root")


def absent(path, arrays):
    pass


@pytest.mark.parametrize(
    "make",
    [another_tree, no_tree, text_as_tree, a_folder, text, zeros, root_and_garbage, dangling, absent],
)
def test_what_is_no_ntuple_is_refused(make, arrays, tmp_path, refused):
    make(tmp_path / "mine.root", arrays)
    refused(tmp_path / "mine.root", "has no readable tree 'Events'|is not a file|lacks the branch")


@pytest.mark.process
def test_a_file_that_may_not_be_read_is_refused(arrays, tmp_path, root):
    """As another user, because root may read everything."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root to become somebody else")
    path = tmp_path / "mine.root"
    write(path, arrays)
    path.chmod(0o600)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o755)
    command = ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-m", "robustag.cli", "check"]
    run = subprocess.run(
        [*command, str(path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if "access is denied" not in run.stderr or "mine.root" not in run.stderr:
        pytest.skip(f"another user cannot run Python here: {run.stderr[-200:]}")
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1


def test_random_bytes_are_one_line_whatever_they_hit(arrays, tmp_path, root, monkeypatch, capsys):
    """Fuzz: never a traceback; whatever is accepted has one line, whatever is refused one complaint."""
    monkeypatch.chdir(root)
    path = tmp_path / "mine.root"
    write(path, arrays)
    whole, chance = path.read_bytes(), np.random.default_rng(5)
    for _ in range(25):
        damaged = bytearray(whole)
        for place in chance.integers(0, len(whole), 1 + int(chance.integers(0, 8))):
            damaged[place] = chance.integers(0, 256)
        path.write_bytes(damaged)
        status = main(["check", str(path)])
        captured = capsys.readouterr()
        assert status in (0, 2)
        assert (captured.err if status else captured.out).count("\n") == 1
