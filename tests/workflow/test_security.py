"""Nothing that a user or a file says is ever run as code or reaches a shell."""

import ast
import re

import pytest

from robustag.documents import read_document

CALLS = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load"),
    *("torch.load", "torch.save", "pd.read_pickle"),
}
LOADS = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}


def python_files(root):
    return [*(root / "src").rglob("*.py"), *(root / "scripts").glob("*.py")]


def name_of(node):
    """`os.system` of the expression os.system; empty for anything that is no name."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def offences(source):
    """Calls and imports by which data could become code, or text a command."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = name_of(node.func)
            if name in CALLS:
                yield name
            for keyword in node.keywords:
                if keyword.arg in ("shell", "allow_pickle") and getattr(keyword.value, "value", True):
                    yield f"{name}({keyword.arg}=...)"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = (
                [node.module] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            )
            yield from LOADS & {(module or "").split(".")[0] for module in modules}


@pytest.mark.parametrize(
    "source",
    [
        *("eval(x)", "import os\nos.system(x)", "subprocess.run(x, shell=True)", "import pickle"),
        *("np.load(f, allow_pickle=True)", "from joblib import load", "yaml.load(f)", "torch.load(f)"),
    ],
)
def test_an_offence_is_seen(source):
    assert list(offences(source))


def test_no_data_become_code_and_no_text_a_command(root):
    found = {
        str(file.relative_to(root)): names
        for file in python_files(root)
        if (names := list(offences(file.read_text())))
    }
    assert found == {}


def test_rules_run_scripts_and_no_shell(root):
    """A shell command with {params} or a name from the configuration would be open to what the name says."""
    for file in [*(root / "workflow").rglob("*.smk"), root / "workflow/Snakefile", root / "Snakefile"]:
        text = file.read_text()
        assert not re.findall(r"^\s*(?:shell|run)\s*:|\bshell\(", text, re.MULTILINE), file
        assert not list(re.finditer(r"\b(?:eval|exec|os\.system|subprocess)\b", text)), file


def test_every_name_that_becomes_a_path_has_a_pattern(root):
    """The schema forbids every other character in names of definitions, and so in wildcards and folders."""
    schema = read_document(root / "src/robustag/workflow/schemas/config.schema.yaml")
    name = schema["$defs"]["name"]
    assert name["pattern"] == r"^[a-z][a-z0-9_]*\Z"
    for section in ("samples", "variations", "models", "attacks", "scenarios"):
        assert schema["properties"][section]["propertyNames"]["$ref"] == "#/$defs/name", section
    assert schema["properties"]["study"]["pattern"] == r"^[a-z][a-z0-9_-]*\Z"
    figures = schema["properties"]["figures"]["properties"]
    assert figures["rocs"]["propertyNames"]["$ref"] == "#/$defs/name"
    assert figures["pairs"]["items"]["properties"]["label"]["$ref"] == "#/$defs/name"
