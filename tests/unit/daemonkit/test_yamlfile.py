from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from daemonkit import yamlfile
from daemonkit.errors import DefinitionError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
# a comment
broker:
  host: 127.0.0.1
  port: 1883
levels: [1, 2.5, "3"]
"""


def test_values_know_their_lines() -> None:
    top = yamlfile.loads(GOOD, "a.yml")
    assert top == {"broker": {"host": "127.0.0.1", "port": 1883}, "levels": [1, 2.5, "3"]}
    assert top.where("levels") == "a.yml:5"
    assert top["broker"].where("port") == "a.yml:4"
    assert top["broker"].where("absent") == "a.yml:3"
    assert top["levels"].where(2) == "a.yml:5"
    assert top["levels"].where() == "a.yml:5"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("yes", "yes"), ("no", "no"), ("off", "off"), ("~", None), ("", None),
        ("null", None), ("12", 12), ("-7", -7), ("+7", 7), ("010", 10), ("0x1F", 31), ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30", "12:30"), ("2026-01-01", "2026-01-01"), ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0),
        ("-1.5E-3", -0.0015), (".inf", math.inf), ("-.Inf", -math.inf), ("e5", "e5"),
        ("'12'", "12"), ('"true"', "true"),
        ("1.2.3", "1.2.3"), ("-", None), ("=", "="), ("!!str 12", "12"), ("!!float 12", 12.0),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    if text == "-":
        value = [None]
    loaded = yamlfile.loads(f"key: {text}" if text != "-" else "key:\n-", "a.yml")["key"]
    assert loaded == value
    assert type(loaded) is type(value) or isinstance(loaded, list)


def test_not_a_number_is_a_float() -> None:
    assert math.isnan(yamlfile.loads("a: .NaN", "a.yml")["a"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yml:3: a: is given twice, first in line 1"),
        ("a:\n  b: 1\n  b: 1\n", "a.yml:3: b: is given twice, first in line 2"),
        ("a:\n\tb: 1\n", "a.yml:2: indent with blanks, not with tabs"),
        ("a: [1, 2\n", "a.yml:2: a bracket is not closed"),
        ("- 1\n", "a.yml:1: has to be a mapping at the top"),
        ("\n\nword\n", "a.yml:3: has to be a mapping"),
        ("a: !!python/object:os.system x\n", "a.yml:1: the tag tag:yaml.org,2002:python/object:os.system"),
        ("a: !env HOME\n", "a.yml:1: the tag !env is not part of this format"),
        ("a: !!set {x}\n", "a.yml:1: the tag tag:yaml.org,2002:set"),
        ("x: &x {a: 1}\ny:\n  <<: *x\n", "a.yml:3: merge keys are not part of this format"),
        ("1.5: a\n", "a.yml:1: a key has to be text or an integer"),
        ("true: a\n", "a.yml:1: a key has to be text or an integer"),
        ("[1]: a\n", "a.yml:1: a key has to be text or an integer"),
        ("a: !!int x\n", "a.yml:1: is no int"),
        pytest.param("a: " + "9" * 5000, "a.yml:1: is no int", id="too many digits"),
        ("a: *nobody\n", "a.yml:1: put text that begins with * in quotes"),
        ("a: 1\n---\nb: 1\n", "a.yml:2: but found another document"),
        ("a: b\nc: \x00\n", "a.yml:2: the character 0x0 is not allowed"),
        ("a: &a [*a]\n", "a.yml:1: is nested deeper than 32 levels"),
        pytest.param("a: " + "[" * 20_000, "a.yml:1: is nested deeper than 32 levels", id="deep"),
        pytest.param("a: x\n" * 200_001, "a.yml: is larger than 1000000 bytes", id="large"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        yamlfile.loads(text, "a.yml")
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_aliases_are_followed_but_a_bomb_is_refused() -> None:
    assert yamlfile.loads("a: &x {k: 1}\nb: *x\n", "a.yml")["b"] == {"k": 1}
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    with pytest.raises(DefinitionError, match="more than 100000 values"):
        yamlfile.loads(bomb, "a.yml")


def test_empty_text_is_an_empty_mapping() -> None:
    assert yamlfile.loads("# nothing\n", "a.yml") == {}


def test_load_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "b.yml"
    with pytest.raises(DefinitionError, match=r"b\.yml: cannot be read: No such file"):
        yamlfile.load(file)
    file.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(DefinitionError, match=r"b\.yml:2: is not UTF-8 text"):
        yamlfile.load(file)
    file.write_text("a: ü\n")
    assert yamlfile.load(file) == {"a": "ü"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=5).filter(lambda d: "<<" not in repr(d)))
def test_what_a_yaml_writer_quotes_comes_back(value: dict[str, Any]) -> None:
    text = yaml.safe_dump(value, default_style='"', allow_unicode=False)
    # default_style quotes numbers too, under their tags: the reading converts them by tag.
    assert yamlfile.loads(text, "a.yml") == value


@given(st.text(alphabet="ab:-[]{},&*!|>'\"#%@`\n\t ?0.~<", max_size=60))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        loaded = yamlfile.loads(text, "a.yml")
    except DefinitionError as error:
        assert str(error).startswith("a.yml:")  # noqa: PT017 (most examples raise nothing)
    else:
        assert isinstance(loaded, dict)
