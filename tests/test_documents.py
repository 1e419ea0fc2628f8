"""What the documents say can be typed: links lead somewhere, examples parse, and what they import exists."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from daemonkit.yamlfile import loads

REPOSITORY = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "bench/*.md", "simulators/**/*.md", "tests/**/*.md")
    for path in REPOSITORY.glob(pattern)
)
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)")


def name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def blocks(language: str) -> list[object]:
    return [
        pytest.param(match[2], id=f"{name(path)}:{path.read_text()[: match.start()].count(chr(10)) + 2}")
        for path in DOCUMENTS
        for match in BLOCK.finditer(path.read_text())
        if match[1] == language
    ]


def anchors(path: Path) -> set[str]:
    """The headings of a document, as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    for target, anchor in LINK.findall(document.read_text()):
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"{target} is not there"
        if anchor:
            assert anchor.removeprefix("#") in anchors(path), f"{target} has no heading {anchor}"


@pytest.mark.parametrize("text", blocks("python"))
def test_python_examples_compile_and_import_what_exists(text: str) -> None:
    tree = compile(text, "example", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = importlib.import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []
        elif isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)


@pytest.mark.parametrize("text", blocks("json"))
def test_json_examples_parse(text: str) -> None:
    json.loads(text)


@pytest.mark.parametrize("text", blocks("yaml"))
def test_yaml_examples_parse(text: str) -> None:
    loads(text, "example")


@pytest.mark.parametrize("text", blocks("sh"))
def test_shell_examples_parse(text: str) -> None:
    result = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True, check=False)
    assert result.stderr == ""
