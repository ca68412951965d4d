"""The self-contained report, opened in a real browser."""

import re
import shutil
import subprocess

import pytest

from tests.studies import SMOKE

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium to open the report with")

SECTIONS = [
    *("1. Headline", "2. Robustness", "3. Mismodelling", "4. Loss surface", "5. Training"),
    *("6. Shapes", "7. Probabilities", "8. Simulation"),
]


@pytest.fixture(scope="module")
def opened(study, tmp_path_factory):
    """What the browser shows after a script: the report's document, or one of its pages."""
    name = "results/smoke/report.html"
    path = study.checkout.folder / name
    run = study.checkout.snakemake("--cores", "1", *SMOKE, "--report", name, "--quiet", "all")
    assert run.returncode == 0, run.stdout
    page, folder = path.read_text(), tmp_path_factory.mktemp("report")

    def open_after(script: str) -> str:
        head, tail = page.rsplit("</body>", 1)
        # Named after the script: a page that was opened before would come from the cache.
        changed = folder / f"{abs(hash(script))}.html"
        changed.write_text(f"{head}<script>setTimeout(() => {{{script}}}, 500)</script></body>{tail}")
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000"]
        shown = subprocess.run(
            [BROWSER, *options, "--dump-dom", changed.as_uri()],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        # What stands in the elements, not in the scripts that made them.
        return re.sub(r"<script.*?</script>", "", shown.stdout, flags=re.DOTALL)

    return open_after


def test_sections_stand_in_their_order_and_the_headline_first(opened):
    shown = opened("")
    positions = [shown.index(section) for section in SECTIONS]
    assert positions == sorted(positions)
    assert "How robust are deep-learning jet flavour taggers" in shown


def test_headline_claims_and_summary_are_one_click_away(opened):
    shown = opened('app.showCategory("1. Headline")')
    for label in ("headline", "claims with all tests", "summary on a page"):
        assert f">{label}<" in shown


@pytest.mark.parametrize(
    ("page", "words"), [("claims.html", "C17: beyond the first order"), ("summary.html", "Study smoke")]
)
def test_pages_are_inside_the_report(page, words, opened):
    """The page is unpacked from the report itself, as the browser would for the eye symbol."""
    script = (
        f'const path = Object.keys(results).find(name => name.endsWith("{page}"));'
        "fetch(results[path].data_uri).then(r => r.text()).then(t => {"
        'const frame = document.createElement("pre"); frame.textContent = t; document.body.append(frame)})'
    )
    assert words in opened(script)
