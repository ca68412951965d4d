"""What a job's code fingerprint follows, and what it leaves alone."""

import pytest

from robustag.workflow.fingerprints import code_fingerprint, dependencies, meaning


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
    train = modules(root, "train.py")
    assert "attacks/gradient.py" in train
    assert not train & {"attacks/__init__.py", "attacks/registry.py", "attacks/blind.py", "attacks/search.py"}


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
