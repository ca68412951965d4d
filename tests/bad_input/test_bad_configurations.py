"""Bad presets through the doors of the user: every fault is one line with the file or key and the mend."""

import json
import random
import re

import pytest

from robustag.cli import main
from robustag.documents import read_document
from robustag.errors import InputError
from tests.checkout import Checkout

BOMB = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def student(teachers, share=0.5):
    """A model that learns from some, under the name mine."""
    recipe = f"{{name: distilled, temperature: 2, share: {share}, teachers: {teachers}}}"
    others = "network: {name: linear}, loss: {name: cross_entropy}, checkpoints: []"
    return f"models: {{mine: {{{others}, recipe: {recipe}}}}}"


UNREADABLE = {
    "": "is no configuration: it must be a mapping",
    "# nothing but a comment\n": "is no configuration",
    "- a\n- list\n": "is no configuration",
    "just text": "is no configuration",
    "3.5": "is no configuration",
    "null": "is no configuration",
    "study: mine\n\tseed: 1\n": "cannot be read: .*line 2",
    "study: [mine": "cannot be read",
    "study: 'mine": "cannot be read",
    "study: mine\nstudy: yours\n": "line 2: the key 'study' stands twice",
    "run: {seeds: [1], seeds: [2]}": "line 1: the key 'seeds' stands twice",
    "1: one": "the key '1' is not text",
    "{yes: 1}": "the key 'yes' is not text",
    "? [a, b]\n: c": "is not text",
    "study: !!python/object/apply:os.system [true]": "cannot be read: could not determine a constructor",
    "study: !!python/name:os.system": "cannot be read: could not determine a constructor",
    "a: *b": "cannot be read: found undefined alias",
    "a: &a [*a]": "line 1: an alias contains itself",
    "a: &a {b: *a}": "an alias contains itself",
    "a: &a {b: {c: [*a]}}": "an alias contains itself",
    BOMB: "aliases multiply to more than",
    "[" * 5000: "cannot be read: it is nested too deeply",
    "- " * 50_000: "cannot be read: it is nested too deeply",
    "{a: " * 3000 + "1" + "}" * 3000: "cannot be read: it is nested too deeply",
    "a: b\0": "cannot be read",
    "--- {a: 1}\n--- {b: 1}\n": "cannot be read: expected a single document",
}
WRONG = {
    "colour: red": "unknown key 'colour'",
    "run: {model: [x]}": "run: unknown key 'model'",
    "run: {models: [clean_nominla]}": "run.models names 'clean_nominla', which models lacks",
    "run: {attacks: [fgms]}": "run.attacks names 'fgms', which attacks lacks",
    "run: {scenarios: [nothing]}": "run.scenarios names 'nothing', which scenarios lacks",
    "run: {scenarios: [jes_up]}": "run.scenarios names the variation 'jes_up': leave it out",
    "run: {samples: [ttbra]}": "run.samples names 'ttbra', which samples lacks",
    "run: {variations: [up]}": "run.variations names 'up', which variations lacks",
    "run: {frontier: {models: [clean_piared]}}": "names 'clean_piared', which models lacks",
    "run: {frontier: {attacks: [fgms]}}": "run.frontier.attacks names 'fgms', which attacks lacks",
    "run: {frontier: {attacks: [transfer]}}": "run.frontier.attacks: 'transfer' is crafted on another model",
    "run: {frontier: {nominal: clean_linear}}": "run.frontier.nominal needs the model 'clean_linear': add it",
    "run: {frontier: {models: [clean_nominal]}}": "run.frontier.models compares 'clean_nominal' with itself",
    "run: {frontier: {model: [clean_fgsm]}}": "run.frontier: unknown key 'model'",
    "models: {clean_paired: {recipe: {variations: [fakes]}}}": "unknown variation 'fakes' .*fakes_up",
    "models: {clean_paired: {recipe: {variations: [tune_a14]}}}": "has other collisions",
    "models: {clean_paired: {recipe: {variations: [fsr_scale_down]}}}": "has the same jets with other",
    "variations: {fsr_scale_up: {weights: {shower: 'fsr:mu=2'}}}": "'fsr_scale_up': shower says 'fsr:mu=2'",
    "variations: {fsr_scale_up: {weights: {fragmentation: 'frag:x=1'}}}": "variations.fsr_scale_up.weights",
    "variations: {fsr_scale_up: {weights: {tune: a}}}": "variations.fsr_scale_up.weights: unknown key 'tune'",
    "run: {models: [clean_nominal, clean_paired], variations: [jes_up]}": "needs the variation 'ip_",
    "models: {clean_paired: {recipe: {variations: []}}}": "clean_paired.recipe.variations",
    "models: {clean_paired: {recipe: {weight: -1}}}": "clean_paired.recipe.weight",
    student("[clean_nominla]"): r"models.mine.recipe.teachers: unknown model 'clean_nominla' \(like clean_",
    student("[mine]"): "models.mine.recipe.teachers: mine teaches mine, and none can be trained first",
    student("[]"): "models.mine.recipe.teachers",
    student("clean_nominal"): "models.mine.recipe.teachers",
    student("[clean_nominal]", share=0): "models.mine.recipe.share",
    "models: {clean_linear: {recipe: {name: domain, variations: [jes_up], weight: 1}}}": (
        "models.clean_linear: recipe 'domain' works on the features of a hidden layer, and network 'linear'"
    ),
    "models: {clean_set_transformer: {recipe: {name: sabr, epsilon: 0.1, width: 0.1, warm_up: 0, steps: 1, "
    "rate: 1}}}": "models.clean_set_transformer: recipe 'sabr' bounds the outputs over a box of inputs, and",
    "models: {clean_mtl_ibp_03: {optimiser: {precision: bfloat16}}}": (
        "models.clean_mtl_ibp_03: recipe 'mtl_ibp' bounds outputs, which products in bfloat16 would break"
    ),
    "models: {clean_mtl_ibp_03: {recipe: {weight: 0}}}": "clean_mtl_ibp_03.recipe.weight",
    "models: {clean_mtl_ibp_03: {network: {initial: zero}}}": "clean_mtl_ibp_03.network.initial",
    "run: {certified: [clean_ibp]}": "run.certified names 'clean_ibp', which models lacks",
    "certificates: {boxes: {resolution: 0.1}}": "certificates.boxes",
    "certificates: {boxes: {none: 0}}": "certificates.boxes.none",
    "models: {clean_paired: {recipe: {name: domain, variations: [fakes]}}}": "unknown variation 'fakes'",
    "models: {clean_paired: {recipe: {name: domain, warm_up: -1}}}": "clean_paired.recipe.warm_up",
    "models: {clean_coherent: {recipe: {move: all}}}": "clean_coherent.recipe.move",
    "optimiser: {precision: float16}": "optimiser.precision: 'float16' is not one of",
    "claims: {less_uncertain: 1.0}": "claims.less_uncertain",
    "run: {seeds: []}": "run.seeds",
    "run: {seeds: [1, 1]}": "run.seeds: something stands twice",
    "run: {seeds: [-1]}": "run.seeds.0: -1",
    "run: {seeds: [one]}": "run.seeds.0: 'one' is not a whole number",
    "run: {seeds: 3}": "run.seeds: 3 is not a list",
    "run: [clean]": "run: .* is not a mapping",
    "seed: -1": "seed: -1 is less than the minimum",
    "seed: 1.5": "seed: 1.5 is not a whole number",
    "samples: {ttbar: {events: 0}}": "0 is less than the minimum of 1",
    "samples: {ttbar: {events: -5}}": "-5 is less than the minimum of 1",
    "samples: {ttbar: {events: 1e5}}": "not a whole number; write 100000",
    "generator: {events_per_chunk: 0}": "0 is less than the minimum of 1",
    "generator: {detector: {pile_up: -1}}": "pile_up: -1 is less than the minimum of 0",
    "variations: {pile_up_on: {detector: {pile_up: many}}}": "pile_up: 'many' is not a number",
    "minimum_bias: {collisions: 0}": "collisions: 0 is less than the minimum of 1",
    "split: [0.5, 0.5, 0.5]": "split adds up to 1.5",
    "split: [0.8, 0.2]": "split",
    "split: [1.2, -0.1, -0.1]": "split",
    "epsilons: [0.0, -0.1]": "epsilons.1: -0.1 is less than the minimum",
    "epsilons: []": "epsilons",
    "epsilons: [0.0, .nan]": "epsilons.1: nan is not a number to compute with",
    "epsilons: [0.0, .inf]": "epsilons.1: inf is not a number to compute with",
    "epsilons: [1e-3]": "'1e-3' is text, not a number; write 0.001",
    "models: {clean_fgsm: {optimiser: {learning_rate: .nan}}}": "learning_rate: nan is not a number",
    "models: {clean_fgsm: {optimiser: {epochs: 2.5}}}": "2.5 is not a whole number",
    "models: {clean_fgsm: {recipe: {name: magic}}}": "recipe",
    "models: {clean_fgsm: {network: {name: ../evil}}}": "network",
    "attacks: {fgsm: {name: os}}": "attacks.fgsm",
    "features: nowhere.yaml": "nowhere.yaml cannot be read: .*No such file",
    "features: README.md": "README.md",
    "features: config": "config cannot be read",
    "features: config/config.yaml": "config/config.yaml",
    "features: 7": "features: 7 is not text",
    "validation: {published: nowhere.csv}": "published moments nowhere.csv cannot be read: No such file",
    "validation: {published: README.md}": "README.md cannot be read: give columns name, mean and variance",
    "frozen: [jet_pts]": "frozen: .*jet_pts",
    "scenarios: {track_order: {block: vertex}}": "track_order: .* no block of elements 'vertex': use track",
    "scenarios: {jet_energy_scale_up: {block: track}}": "'scale' takes no block",
    "models: {clean_set_transformer: {network: {pairs: [D0, momentum]}}}": "pairs: no block .* D0, mom",
    "physical: 'no'": "physical: 'no' is not true or false",
    "relative_cap: -0.5": "relative_cap",
    "weights: {pt_edges: [50, 20]}": "weights.pt_edges has 50 before 20",
}
NAMES = [
    *("../elsewhere", "../../etc", "/tmp/there", "a/b", ".", "..", "", "my study", "a;touch x", "$(touch x)"),
    *("`touch x`", "a|b", "a&b", "a>b", "a'b", 'a"b', "a\nb", "mine\n", "-rf", "*", "{model}", "<results>"),
    *("Ä", "x" * 300),
]


@pytest.fixture
def refused(root, monkeypatch, tmp_path, capsys):
    """Faults that `robustag check` finds in a preset, one a line."""
    monkeypatch.chdir(root)

    def run(text, beside=()):
        preset = tmp_path / "mine.yaml"
        preset.write_text(text)
        assert main(["check", str(preset)]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "Traceback" not in captured.err
        lines = captured.err.splitlines()
        assert all(line.startswith(f"robustag check: {preset}: ") or str(preset) in line for line in lines)
        assert sorted(tmp_path.iterdir()) == sorted([preset, *beside])
        return lines

    return run


@pytest.mark.parametrize("text", UNREADABLE, ids=lambda text: repr(text[:30]))
def test_a_file_that_is_no_configuration_is_one_line(text, refused):
    (line,) = refused(text)
    assert re.search(UNREADABLE[text], line), line
    assert len(line) < 500


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_value_is_named_with_its_key(text, refused):
    lines = refused(text)
    assert re.search(WRONG[text], lines[0]), lines


LACKING = {
    "run: {attacks: [noise, fgsm, shift_up]}": "attacks.shift_up has .* a shift factor",
    "run: {attacks: [noise, fgsm, fgsm_resolution]}": "attacks.fgsm_resolution has .* a role variance_of",
    "run: {attacks: [noise, fgsm, fgsm_uncertainty]}": "attacks.fgsm_uncertainty has .* with an uncertainty",
    "run: {scenarios: [track_order]}": "scenarios.track_order: .* no block of elements, such as tracks",
    "run: {pareto: {models: [clean_set_transformer]}}": "network.pairs: no block of .*: use another network",
}


@pytest.mark.parametrize("text", LACKING)
def test_what_a_feature_table_has_no_role_for_is_said_before_anything_runs(text, root, tmp_path, refused):
    """A table of two inputs of the jet."""
    variables = "".join(
        f"      - {{name: {name}, unit: '1', role: {name[4:]}, missing: {{stand_in: -9}}}}\n"
        for name in ("jet_pt", "jet_eta")
    )
    table = tmp_path / "features.yaml"
    table.write_text(f"data_set: two\nblocks:\n  - name: jet\n    variables:\n{variables}")
    lines = refused(f"features: {table}\n{text}\n", beside=[table])
    assert any(re.search(LACKING[text], line) for line in lines), lines


def test_an_old_feature_table_is_told_what_to_write(tmp_path, refused):
    table = tmp_path / "features.yaml"
    table.write_text("data_set: mine\ntracks: 6\ntracks_as_coded: 6\njet: []\ntrack: []\n")
    (line,) = refused(f"features: {table}\n", beside=[table])
    assert "lists variables under jet and track: write blocks: [{name: jet, variables" in line


@pytest.mark.parametrize("name", NAMES)
def test_names_cannot_leave_the_results_or_reach_a_shell(name, refused):
    quoted = json.dumps(name)
    named = {
        "samples": "{process: bb, events: 10}",
        "models": "{}",
        "attacks": "{name: fgsm}",
        "scenarios": "{kind: swap, strengths: [0.1]}",
        "variations": "{reason: why, detector: {fakes: 1}}",
    }
    sections = "".join(f"{section}: {{{quoted}: {definition}}}\n" for section, definition in named.items())
    lines = refused(f"study: {quoted}\nfigures: {{rocs: {{{quoted}: [fgsm]}}}}\n{sections}")
    for place in ("study", "figures.rocs", *named):
        assert any(f"{place}: " in line for line in lines), place


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("study: ../elsewhere\n", "study: '../elsewhere' does not match"),
        ("study: 'a;touch x'\n", "does not match"),
        ("seed: 1\nseed: 2\n", "the key 'seed' stands twice in one mapping: remove one"),
        ("epsilons: [.nan]\n", "nan is not a number to compute with"),
        ("run: {attacks: [fgms]}\n", "run.attacks names 'fgms', which attacks lacks"),
    ],
)
def test_snakemake_refuses_the_same_before_it_does_anything(text, complaint, tmp_path):
    checkout = Checkout(tmp_path / "study")
    (checkout.folder / "mine.yaml").write_text(text)
    run = checkout.snakemake("-n", "--configfile", "mine.yaml")
    assert run.returncode != 0
    assert complaint in run.stdout
    assert "Traceback" not in run.stdout
    assert not (checkout.folder / "results").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study"]


def test_mutated_configurations_are_read_or_refused(root, tmp_path):
    """Fuzz: whatever happens to the text, never anything but a document or one line."""
    text = (root / "config/smoke.yaml").read_text()
    chance, refused = random.Random(2), 0
    for _ in range(60):
        damaged = list(text)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.choice("[]{}:&*-!'\"\t#|>%@`\0ä1.\n")
        path = tmp_path / "mine.yaml"
        path.write_text("".join(damaged))
        try:
            read_document(path)
        except InputError as error:
            refused += 1
            assert re.fullmatch(r"[^\n]*mine\.yaml cannot be read: [^\n]+", str(error))  # noqa: PT017
    assert refused > 10
