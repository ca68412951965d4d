"""What a job's code fingerprint follows, and what it leaves alone."""

import pytest

from robustag.workflow.fingerprints import _meaning_of as meaning_of
from robustag.workflow.fingerprints import code_fingerprint, dependencies, entry_fingerprint, meaning


def modules(root, script):
    files = dependencies(root / "scripts" / script)
    return {file.relative_to(root).as_posix().removeprefix("src/robustag/") for file in files}


def test_comments_docstrings_and_layout_have_no_meaning():
    plain = "def f(x):\n    return x + 1\n"
    dressed = '"""Module."""\n\n# note\ndef f(x):\n    """Adds."""\n    return (x\n            + 1)\n'
    assert meaning(plain) == meaning(dressed)
    assert meaning(plain) != meaning(plain.replace("1", "2"))


def test_what_a_script_imports_is_followed_through_packages(root):
    attack = modules(root, "attack.py")
    assert {"scripts/attack.py", "attacks/gradient.py", "evaluation/roc.py", "tensors/loading.py"} <= attack
    assert {"models/store.py", "training/losses.py", "workflow/seeds.py"} <= attack
    surface = modules(root, "surface.py")
    assert {"evaluation/campaign.py", "evaluation/discriminators.py", "surface/planes.py"} <= surface


def test_a_change_in_another_stage_concerns_nobody(root):
    assert not any(name.startswith("generate/") for name in modules(root, "train.py"))
    assert not any(name.startswith(("attacks/", "training/")) for name in modules(root, "tensorise.py"))
    assert not any(name.startswith("plotting/") for name in modules(root, "attack.py"))


def test_trainings_depend_on_their_own_attack_and_on_no_other(root):
    """All of them are followed with FGSM and PGD; other attacks are looked up by name."""
    train = modules(root, "train.py")
    assert {"attacks/gradient.py", "attacks/iterated.py"} <= train
    others = {"__init__", "registry", "blind", "search", "minimal", "composite", "counts", "sample"}
    assert not train & {f"attacks/{name}.py" for name in others}


def test_an_attack_of_a_registry_is_followed_only_where_it_is_named(monkeypatch):
    registry = "robustag.attacks.registry"
    names = [frozenset({"adversarial", name}) for name in ("carlini_wagner", "random_search", "fgsm")]
    before = [entry_fingerprint(registry, each) for each in names]
    assert len(set(before)) == 3
    edited = meaning_of
    monkeypatch.setattr(
        "robustag.workflow.fingerprints._meaning_of",
        lambda file: edited(file) + ("x = 1" if file.name == "minimal.py" else ""),
    )
    entry_fingerprint.cache_clear()
    after = [entry_fingerprint(registry, each) for each in names]
    entry_fingerprint.cache_clear()
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, True]
    assert entry_fingerprint(registry, frozenset({"nominal"})) == entry_fingerprint(registry, frozenset())


def test_figures_do_without_torch(root):
    for script in (root / "scripts").glob("fig_*.py"):
        for file in dependencies(script):
            assert "import torch" not in file.read_text(), f"{script.name} imports torch through {file}"


@pytest.mark.parametrize("script", ["train.py", "attack.py", "fig_roc.py"])
def test_fingerprints_are_short_and_stable(script):
    assert code_fingerprint(f"scripts/{script}") == code_fingerprint(f"scripts/{script}")
    assert len(code_fingerprint(f"scripts/{script}")) == 12


def test_every_rule_with_a_script_carries_its_fingerprint(root):
    for file in (root / "workflow/rules").glob("*.smk"):
        for rule in file.read_text().split("\nrule ")[1:]:
            if "script:" in rule:
                script = rule.split('"../../')[1].split('"')[0]
                assert f'code_fingerprint("{script}")' in rule, f"{file.name}: {rule.split(':')[0]}"
