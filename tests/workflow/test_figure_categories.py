"""The code of a figure lies where the report shows it."""

import re

PACKAGES = {"Headline": "robustness", "Loss surface": "surface"}


def test_a_script_draws_with_the_package_of_its_category(root):
    rules = "".join(file.read_text() for file in (root / "workflow/rules").glob("*.smk"))
    sections = dict(re.findall(r'figure\(\s*"(fig_\w+)",\s*"([\w ]+)"', rules))
    assert set(sections) == {script.stem for script in (root / "scripts").glob("fig_*.py")}
    for name, section in sections.items():
        source = (root / f"scripts/{name}.py").read_text()
        used = set(re.findall(r"robustag\.plotting\.(\w+)\.", source))
        assert used == {PACKAGES.get(section, section.lower())}, name
