"""The pages that mkdocs does not find in docs/: those beside it, and those that are written while it builds.

Pages keep the places that they have in the repository, so that links between them lead there and in the site.
"""

from pathlib import Path

from docs.tools import library, rules
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md", "CITATION.cff")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """A page per floor of the library in the navigation."""
    pages = [{title: address} for title, address, _ in library.pages(ROOT)]
    (reference,) = [entry["Reference"] for entry in config.nav if "Reference" in entry]
    reference.append({"Library": pages})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """All pages by their path from the root of the project."""
    theme = [file for file in files if file.src_dir != config.docs_dir]
    docs = [f"docs/{file.src_uri}" for file in files if file.src_dir == config.docs_dir]
    kept = [path for path in (*BESIDE, *docs) if not path.endswith((".py", ".pyc"))]
    return Files(
        [
            *theme,
            *(File(path, str(ROOT), config.site_dir, config.use_directory_urls) for path in kept),
            File.generated(config, "reference/rules.md", content=rules.page(ROOT / "workflow")),
            *(File.generated(config, address, content=text) for _, address, text in library.pages(ROOT)),
        ]
    )
