"""Tables in Markdown, and the little Markdown of the reports as a page of HTML."""

import re
from collections.abc import Iterator, Sequence
from html import escape

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1b1b;
       max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0.8rem 0; font-size: 14px; }
th, td { border: 1px solid #ccc; padding: 0.25rem 0.55rem; text-align: left; vertical-align: top; }
th { background: #f2f2f2; }
h2 { border-bottom: 1px solid #ccc; margin-top: 2.2rem; }
.reproduced { color: #00713d; } .reproduced-in-part { color: #44730c; }
.not-reproduced { color: #b22222; } .within-error { color: #8a6100; }
.not-testable-here { color: #666; }
"""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], aligned: bool = False) -> list[str]:
    """Lines of a table; `aligned` ones are readable as plain text, too."""
    cells = [[cell.replace("|", "/") for cell in row] for row in [header, *rows]]
    widths = [max(map(len, column)) if aligned else 0 for column in zip(*cells, strict=True)]
    rule = ["-" * max(width, 3) for width in widths]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in [cells[0], rule, *cells[1:]]
    ]


def strong(text: str, significant: bool) -> str:
    """A number in strong letters, if it is significant."""
    return f"**{text}**" if significant else text


def to_html(text: str) -> str:
    """A self-contained page from headings, paragraphs, lists, tables, **strong**, *emphasis* and `code`.

    Whatever else the text holds, markup included, stands on the page as it is.
    """
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), "")
    body = "\n".join(_blocks(text.splitlines()))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    block: list[str] = []
    kind = ""
    for line in [*lines, ""]:
        found = _kind(line)
        if block and (found != kind or kind == "heading"):
            yield _block(kind, block)
            block = []
        kind = found
        if kind:
            block.append(line)


def _kind(line: str) -> str:
    starts = {"#": "heading", "|": "table", "* ": "list"}
    return next((kind for start, kind in starts.items() if line.startswith(start)), "text" if line else "")


def _block(kind: str, lines: Sequence[str]) -> str:
    if kind == "heading":
        marks, words = lines[0].split(" ", 1)
        level = len(marks)
        return f"<h{level}>{_inline(words)}</h{level}>"
    if kind == "list":
        return "<ul>" + "".join(f"<li>{_inline(line[2:])}</li>" for line in lines) + "</ul>"
    if kind == "table":
        rows = [[_inline(cell.strip()) for cell in line.strip("|").split("|")] for line in lines]
        head = "".join(f"<th>{cell}</th>" for cell in rows[0])
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows[2:])
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<p>{_inline(' '.join(lines))}</p>"


def _inline(words: str) -> str:
    """Marks inside a line; verdicts in strong letters have their colour."""
    words = escape(words, quote=False)
    words = re.sub(r"`([^`]+)`", r"<code>\1</code>", words)
    words = re.sub(r"\*\*([^*]+)\*\*", _strong, words)
    return re.sub(r"(?<![\w*])\*([^* ][^*]*)\*(?![\w*])", r"<em>\1</em>", words)


def _strong(found: re.Match[str]) -> str:
    name = re.sub(r"[^a-z]+", "-", found[1].lower())
    return f'<strong class="{name}">{found[1]}</strong>'
