"""What a job's code fingerprint follows, and what it leaves alone."""

from dataclasses import replace

import pytest

from robustag.attacks import ATTACKS
from robustag.workflow.fingerprints import (
    _entries_fingerprint,
    attack_fingerprint,
    code_fingerprint,
    dependencies,
    meaning,
    recipe_fingerprint,
)
from robustag.workflow.fingerprints import _meaning_of as meaning_of


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
    assert {"scripts/attack.py", "attacks/rule.py", "evaluation/roc.py", "tensors/loading.py"} <= attack
    assert {"models/store.py", "training/losses.py", "workflow/seeds.py"} <= attack
    surface = modules(root, "surface.py")
    assert {"attacks/minimal.py", "evaluation/bootstrap.py", "surface/planes.py"} <= surface


def test_a_change_in_another_stage_concerns_nobody(root):
    assert not any(name.startswith("generate/") for name in modules(root, "train.py"))
    assert not any(name.startswith(("attacks/", "training/")) for name in modules(root, "tensorise.py"))
    assert not any(name.startswith("plotting/") for name in modules(root, "attack.py"))


FAMILIES = {info.module for info in ATTACKS.values()}


def test_trainings_depend_on_their_own_attack_and_on_no_other(root):
    """All of them are followed with FGSM and PGD; other attacks and recipes are looked up by name."""
    train = modules(root, "train.py")
    assert {"attacks/gradient.py", "attacks/iterated.py"} <= train
    others = {"__init__", "catalogue"} | FAMILIES - {"gradient", "iterated"}
    assert not train & {f"attacks/{name}.py" for name in others}
    recipes = {"__init__", "catalogue", "adversarial", "free", "penalty", "trades", "nominal"}
    assert not train & {f"training/{name}.py" for name in recipes}


def test_attack_jobs_find_their_attack_by_name(root):
    for script in (
        "attack.py",
        "transfer.py",
        "align.py",
        "epochs.py",
        "distances.py",
        "certify.py",
        "optimality.py",
    ):
        assert not modules(root, script) & {f"attacks/{name}.py" for name in {"catalogue", *FAMILIES}}


CASES = {
    "carlini_wagner": lambda: attack_fingerprint({"name": "carlini_wagner"}),
    "a member": lambda: attack_fingerprint(
        {"name": "worst_case", "members": [{"name": "fgsm"}, {"name": "deepfool"}]}
    ),
    "a recipe's": lambda: recipe_fingerprint({"name": "adversarial", "attack": {"name": "carlini_wagner"}}),
    "random_search": lambda: attack_fingerprint({"name": "random_search"}),
    "fgsm": lambda: attack_fingerprint({"name": "fgsm"}),
    "recipe fgsm": lambda: recipe_fingerprint({"name": "fgsm"}),
    "nominal": lambda: recipe_fingerprint({"name": "nominal"}),
}


def fingerprints():
    _entries_fingerprint.cache_clear()
    found = {name: fingerprint() for name, fingerprint in CASES.items()}
    _entries_fingerprint.cache_clear()
    return found


def changed(before):
    after = fingerprints()
    return {name for name in CASES if before[name] != after[name]}


def edited(monkeypatch, module):
    plain = meaning_of
    monkeypatch.setattr(
        "robustag.workflow.fingerprints._meaning_of",
        lambda file: plain(file) + ("x = 1" if file.as_posix().endswith(module) else ""),
    )


@pytest.mark.parametrize(
    ("module", "concerned"),
    [
        ("attacks/minimal.py", {"carlini_wagner", "a member", "a recipe's"}),
        ("attacks/search.py", {"random_search"}),
        ("training/adversarial.py", {"a recipe's", "recipe fgsm"}),
        ("training/nominal.py", {"nominal"}),
        ("attacks/catalogue.py", set()),
    ],
)
def test_an_edit_concerns_those_who_name_what_it_is_in(monkeypatch, module, concerned):
    before = fingerprints()
    assert len(set(before.values())) == len(CASES)
    edited(monkeypatch, module)
    assert changed(before) == concerned


def test_what_the_catalogue_says_of_an_attack_concerns_those_who_name_it(monkeypatch):
    before = fingerprints()
    monkeypatch.setitem(ATTACKS, "carlini_wagner", replace(ATTACKS["carlini_wagner"], label="C & W"))
    assert changed(before) == set()
    monkeypatch.setitem(ATTACKS, "carlini_wagner", replace(ATTACKS["carlini_wagner"], norm="linf"))
    assert changed(before) == {"carlini_wagner", "a recipe's"}


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


def test_every_rule_that_finds_attacks_by_name_carries_their_fingerprint(root):
    for file in (root / "workflow/rules").glob("*.smk"):
        for rule in file.read_text().split("\nrule ")[1:]:
            if "script:" in rule:
                script = (root / rule.split('"../../')[1].split('"')[0]).read_text()
                names = "AttackDefinition" in script or "judge_claims" in script or "certify(" in script
                assert ("attack_code=" in rule) == names, f"{file.name}: {rule.split(':')[0]}"
                assert ("recipe_code=" in rule) == ("train_model" in script)


def test_one_place_says_what_budget_an_attack_has(root):
    """Besides, a training is followed in the study's budget, whatever the norm."""
    naming = {file.name for file in (root / "scripts").glob("*.py") if "BudgetRule.of" in file.read_text()}
    assert naming <= {"train.py"}
