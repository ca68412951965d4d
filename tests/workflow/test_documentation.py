"""The pages say what the code says, and the site of them is whole and needs no network."""

import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
from docs.tools import library, rules, written


def test_written_pages_are_as_written_now(root):
    stale = [
        page.name for page, text in written.pages(root).items() if page.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run: make docs"


def test_make_docs_writes_them_all_in_one_go(root, tmp_path):
    texts = {page.relative_to(root): text for page, text in written.pages(root).items()}
    for page, text in texts.items():
        copy = tmp_path / page
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(re.sub(r"(by make docs -->\n).*(<!-- end)", r"\1old\n\2", text, flags=re.DOTALL))
        if copy.read_text() == text:
            copy.write_text("old\n")
    written.main(tmp_path)
    assert {page: (tmp_path / page).read_text() for page in texts} == texts
    assert "\tpython -m docs.tools.written\n" in (root / "Makefile").read_text()


def test_a_page_without_the_frame_of_its_part_is_refused(tmp_path):
    (tmp_path / "page.md").write_text("# A page\n")
    with pytest.raises(ValueError, match="the comments around recipes are gone"):
        written.with_part(tmp_path / "page.md", "recipes", "| table |\n")


def figure_rules(root):
    """Names of the rules of all figures."""
    text = "".join(file.read_text() for file in (root / "workflow/rules").glob("*.smk"))
    return set(re.findall(r"^ *rule (fig_\w+):", text, re.MULTILINE))


def named_figures(page):
    """Patterns of figures in a page's tables: fig_surface_{planes,average} is two of them."""
    for name in re.findall(r"`(fig_[^`]*)`", page):
        choice = re.search(r"\{(\w+(?:,\w+)+)\}", name)
        for word in choice[1].split(",") if choice else [""]:
            yield name.replace(choice[0], word) if choice else name


def test_every_figure_is_on_the_page_of_figures_and_has_a_caption(root):
    patterns = set(named_figures((root / "docs/figures.md").read_text()))
    for rule in figure_rules(root):
        assert any(fnmatch(rule, pattern) for pattern in patterns), f"docs/figures.md lacks {rule}"
        assert (root / f"workflow/report/{rule}.rst").exists(), f"{rule} has no caption for the report"


def test_readme_names_no_figure_that_is_none(root):
    figures = figure_rules(root)
    table = (root / "README.md").read_text().split("## The figures")[1].split("\n## ")[0]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| ") and "`fig_" in row]
    assert rows
    for row in rows:
        for pattern in named_figures(row[2]):
            assert any(fnmatch(rule, pattern) for rule in figures), f"{pattern} is no rule"


def test_every_rule_is_in_the_reference_with_what_it_takes_makes_and_why(root):
    text = "".join(file.read_text() for file in (root / "workflow/rules").glob("*.smk"))
    names = re.findall(r"^ *(?:use )?rule (?:\w+ as )?(\w+)(?: with)?:$", text, re.MULTILINE)
    described = {rule.name: rule for rule in rules.rules(text)}
    assert list(described) == names
    assert described["collect"].directives["output"] == 'table="<results>/tables/{table}.parquet",'
    assert described["train"].docstring.splitlines()[0] == "Train one model with one seed."
    page = rules.page(root / "workflow")
    for name in names:
        assert f"\n### {name}\n" in page


def test_a_rule_without_a_reason_is_refused():
    with pytest.raises(ValueError, match="rule hidden has no docstring"):
        list(rules.rules('rule hidden:\n    output:\n        "a",\n'))


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """The site, built so that every warning ends the build."""
    folder = tmp_path_factory.mktemp("site")
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=root,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.mark.process
def test_the_site_needs_no_network(site):
    """Only links lead elsewhere: nothing that a browser fetches by itself."""
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"""\bsrc=["']?(?:https?:)?//""", text), page
        for link in re.findall(r"<link [^>]*>", text):
            assert "canonical" in link or not re.search(r"""href=["']?(?:https?:)?//""", link), page
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"url\([\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")), sheet


@pytest.mark.process
def test_the_site_has_every_module_and_rule(site, root):
    assert 'id="scenario_distances"' in (site / "reference/rules.html").read_text()
    assert (site / "CHANGELOG.html").exists()
    made = "".join(page.read_text() for page in (site / "reference").glob("*.html"))
    for module in (root / "src/robustag").rglob("*.py"):
        name = ".".join(module.relative_to(root / "src").with_suffix("").parts).removesuffix(".__init__")
        assert name == "robustag" or f'id="{name}"' in made, name


def test_library_pages_follow_the_floors(root):
    addresses = [address for _, address, _ in library.pages(root)]
    assert addresses[0] == "reference/errors.md"
    assert addresses.index("reference/attacks.md") < addresses.index("reference/training.md")
    assert all(Path(address).parent.name == "reference" for address in addresses)
