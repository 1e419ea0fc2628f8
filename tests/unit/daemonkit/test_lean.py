import subprocess
import sys

import pytest

from tests.peers.missing_stdlib import gx_environment

START = "from daemonkit.lean import DEFERRED, StandIn, start_lean; start_lean(); import sys\n"
LIMIT_S = 120.0


def run(code: str) -> str:
    """Run code in an interpreter of its own, behind `start_lean()`; return what it prints."""
    command = [sys.executable, "-s", "-S", "-c", START + code]
    done = subprocess.run(command, env=gx_environment(), check=False, capture_output=True, text=True, timeout=LIMIT_S)
    assert not done.stderr
    return done.stdout


def test_nothing_is_loaded_by_importing_it() -> None:
    code = "import ssl, hashlib, urllib.request, xml.etree.ElementTree as ET, xml.parsers.expat as _expat\n"
    code += (
        "print([type(sys.modules[name]).__name__ for name in DEFERRED], '_ssl' in sys.modules, 'email' in sys.modules)"
    )
    assert run(code) == f"{['StandIn'] * 5} False False\n"


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("import hashlib; print(hashlib.sha256(b'').hexdigest()[:8])", "e3b0c442"),
        (
            "import ssl; print(type(ssl.create_default_context()).__name__, ssl.SSLWantReadError.__module__)",
            "SSLContext ssl",
        ),
        ("from ssl import SSLContext; print(SSLContext.__name__)", "SSLContext"),
        ("import urllib.request; print(urllib.request.Request('http://a/b').host)", "a"),
        ("import xml.etree.ElementTree as ET; print(ET.tostring(ET.Element('a', {'b': 'c'})))", "b'<a b=\"c\" />'"),
        ("import xml.parsers.expat as e; print(e.ParserCreate('utf-8').buffer_text)", "False"),
        (
            "import asyncio, ssl; ssl.OP_ALL; import ssl as again; print(again is ssl, again.OP_ALL == ssl.OP_ALL)",
            "False True",
        ),
    ],
)
def test_a_module_is_loaded_when_it_is_used(code: str, printed: str) -> None:
    assert run(code).strip() == printed


def test_an_exception_of_a_module_that_is_not_loaded_catches_nothing() -> None:
    code = "import ssl\ntry:\n    raise BlockingIOError\nexcept ssl.SSLWantReadError:\n    print('wrong')\n"
    code += "except BlockingIOError:\n    print('right', '_ssl' in sys.modules)"
    assert run(code) == "right False\n"


def test_annotation_of_a_module_that_is_not_loaded() -> None:
    code = "import xml.etree.ElementTree as ET\ndef f(x: ET.Element | None) -> ET.Element: ...\n"
    code += "print('pyexpat' in sys.modules)"
    assert run(code) == "False\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    code = "import hashlib\ntry:\n    hashlib.nothing\nexcept AttributeError as error:\n    print(error)"
    assert run(code) == "module 'hashlib' has no attribute 'nothing'\n"


def test_what_is_loaded_already_stays() -> None:
    code = "import subprocess; from daemonkit.lean import start_lean; import ssl, asyncio, hashlib; start_lean()\n"
    code += "print(hashlib is sys.modules['hashlib'], asyncio.base_events.ssl is ssl, ssl.OP_ALL > 0)"
    command = [sys.executable, "-s", "-S", "-c", "import sys\n" + code]
    done = subprocess.run(command, env=gx_environment(), check=False, capture_output=True, text=True, timeout=LIMIT_S)
    assert (done.stdout, done.stderr) == ("True True True\n", "")


def test_asyncio_works_without_openssl() -> None:
    code = "import asyncio\nasync def main():\n    reader, writer = await asyncio.open_connection(sock=pair[0])\n"
    code += "    pair[1].send(b'x\\n'); print(await reader.readline()); writer.close()\n"
    code += "import socket; pair = socket.socketpair(); asyncio.run(main()); print('_ssl' in sys.modules)"
    assert run(code) == "b'x\\n'\nFalse\n"
