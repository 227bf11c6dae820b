"""The house stands: layers, exports, lazy import, equal colours, and nothing of one machine in a tracked file."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import together_batches
from house import ROOT, complaints, sleeps, sources
from loopback import guarded, is_local

HEAVY = ("httpx", "httpcore", "attr", "attrs", "dateutil", "msgspec", "anyio", "together_lowlevel")


def test_the_rules_of_the_house_hold() -> None:
    """No module imports upwards or touches what is kept to others."""
    modules = sources()
    assert len(modules) > 15
    assert [] == complaints(modules)


@pytest.mark.parametrize(
    ("module", "text", "complaint"),
    [
        ("_errors", "from ._models import BatchJob", "imports together_batches._models, which is not below it"),
        ("_models", "from . import _batches", "imports together_batches._batches, which is not below it"),
        ("_retry", "from together_batches._jsonl import check", "imports together_batches._jsonl, which is not below"),
        ("_files", "import together_batches._client", "imports together_batches._client, which is not below it"),
        ("_client", "from ._cli import main", "imports together_batches._cli, which is not below it"),
        ("_client", "from together_batches import Together", "imports together_batches.Together, which is not below"),
        ("_flow", "def f():\n    from ._files import upload", "imports together_batches._files, which is not below it"),
        ("_batches", "import together_lowlevel.models", "imports together_lowlevel, which only _wire may"),
        ("_cli._run", "from together_lowlevel import models", "imports together_lowlevel, which only _wire may"),
        ("_retry", "from httpx import Response", "imports httpx, which only"),
        ("_cli", "import httpx", "imports httpx, which only"),
        ("_batches", "import time\nnow = time.monotonic", "uses the module time"),
        ("_retry", "from time import monotonic", "uses the module time"),
        ("_retry", "import time\ntime.sleep(1)", "calls time.sleep"),
        ("_client", "import socket", "imports socket, which only"),
        ("_batches", "import anyio\nanyio.sleep(1)", "calls anyio.sleep"),
        ("_wire", "from datetime import datetime\ndatetime.now()", "calls datetime.now"),
        ("_flow", "import os\nos.environ['KEY']", "reads the environment"),
        ("_jsonl", "from os import getenv", "reads the environment"),
        ("_batches", "print(1)", "prints"),
        ("local.app", "from .._errors import TogetherError", "know nothing of each other"),
        ("local.app", "from together_batches import Together", "know nothing of each other"),
        ("_client", "from .local import serve", "know nothing of each other"),
        ("_batches", "from together_batches import local", "know nothing of each other"),
        ("", "from . import local", "know nothing of each other"),
        ("_helpers", "", "stands on no floor"),
    ],
)
def test_a_breach_of_a_rule_is_told(module: str, text: str, complaint: str) -> None:
    """Each rule complains of a module that breaks it, once, and of nothing else there."""
    (told,) = complaints({module: text})
    assert complaint in told
    assert told.startswith(f"{module or '__init__'}:")


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("_errors", "if TYPE_CHECKING:\n    from ._models import BatchJob"),
        ("_wire", "from together_lowlevel.models import File"),
        ("_cli._run", "from together_batches import Together, local\nfrom ..local import serve\nprint(1)"),
        ("local.app", "import time\nfrom .store import Store\ntime.sleep(1)"),
        ("_client", "import os, httpx\nfrom ._batches import Batches\nos.environ.get('KEY')"),
        ("_flow", "import time\ntime.sleep(time.monotonic())"),
        ("_retry", "import time\ntime.strftime('%H', time.gmtime(0))"),
    ],
)
def test_what_the_rules_allow_is_not_told(module: str, text: str) -> None:
    """The rules leave alone what they allow."""
    assert [] == complaints({module: text})


def test_no_test_sleeps() -> None:
    """Tests wait for events, never for time to pass; but the parity stage plays to clients whose clocks are real."""
    paths = sorted(set((ROOT / "tests").rglob("*.py")) - {ROOT / "tests/parity/stage.py"})
    assert len(paths) > 5
    assert {} == {path.name: lines for path in paths if (lines := sleeps(path.read_text()))}


def test_a_sleep_in_a_test_is_told() -> None:
    """Sleeping is found in each of its forms; giving others a turn is not sleeping."""
    text = "time.sleep(0)\nawait asyncio.sleep(0.1)\nfrom anyio import sleep\nawait asyncio.sleep(0)"
    assert [1, 2, 3] == sorted(sleeps(text))


def test_exports_are_what_is_public() -> None:
    """`__all__` is sorted, each name in it exists, comes from the package, and `dir` shows them all."""
    exported = together_batches.__all__
    assert sorted(exported) == list(exported)
    assert [] == [name for name in exported if name.startswith("_") and name != "__version__"]
    assert set(exported) <= set(dir(together_batches))
    homes = {getattr(getattr(together_batches, name), "__module__", "together_batches") for name in exported}
    assert {"together_batches"} == {home.partition(".")[0] for home in homes}


def test_public_classes_of_the_value_and_error_modules_are_exported() -> None:
    """What users meet, an error or a value, can be named without reaching into a private module."""
    public = {
        name
        for module in ("_errors", "_models")
        for name, value in vars(importlib.import_module(f"together_batches.{module}")).items()
        if inspect.isclass(value)
        and not name.startswith("_")
        and value.__module__.startswith("together_batches")
        and f"class {name}" in (ROOT / f"src/together_batches/{module}.py").read_text()
    }
    assert len(public) > 20
    assert set() == public - set(together_batches.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """The lazy package says no like any module."""
    with pytest.raises(AttributeError, match=r"together_batches.*nonsense"):
        together_batches.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_import_is_lazy() -> None:
    """Importing the package, looking around in it and naming its client loads none of the heavy modules."""
    loaded = _loaded_after("import together_batches; dir(together_batches); together_batches.__version__")
    assert set() == loaded & set(HEAVY)


def test_naming_the_client_is_lazy() -> None:
    """`together_batches.Together` loads neither the generated client nor an HTTP library before one is made."""
    loaded = _loaded_after("import together_batches; together_batches.Together; together_batches.AsyncTogether")
    assert set() == loaded & set(HEAVY)


def test_the_heavy_modules_are_seen_when_they_are_loaded() -> None:
    """The look at loaded modules can tell the difference."""
    loaded = _loaded_after("import together_batches; together_batches.AsyncTogether('k'); import httpx")
    assert {"httpx", "attr", "attrs", "msgspec", "anyio", "together_lowlevel"} <= loaded


def _loaded_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*(m.partition('.')[0] for m in sys.modules))"],
        env={"PYTHONPATH": f"{ROOT}/src:{ROOT}/generated", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.fixture(params=["client", "files", "batches"])
def colours(request: pytest.FixtureRequest) -> tuple[type[Any], type[Any]]:
    """A public class that blocks and its twin that is awaited."""
    address = {"api_key": "key", "base_url": "http://127.0.0.1:1"}
    clients = together_batches.Together(**address), together_batches.AsyncTogether(**address)
    blocking, awaited = (c if request.param == "client" else getattr(c, request.param) for c in clients)
    return type(blocking), type(awaited)


def _shapes(kind: type[Any]) -> dict[str, tuple[list[tuple[object, ...]], str]]:
    """The public methods of a class: parameters, with kinds, defaults and annotations, and the result."""
    names = [name for name in vars(kind) if not name.startswith("_") or name == "__init__"]
    return {name: _shape(inspect.signature(getattr(kind, name))) for name in names if callable(getattr(kind, name))}


def _shape(signature: inspect.Signature) -> tuple[list[tuple[object, ...]], str]:
    parameters = [(p.name, p.kind, p.default, _plain(p.annotation)) for p in signature.parameters.values()]
    return parameters, _plain(signature.return_annotation)


def _plain(annotation: object) -> str:
    """An annotation without its colour: types of both colours differ by these words in their names."""
    return str(annotation).replace("Async", "").replace("Blocking", "")


def test_both_colours_have_the_same_signatures(colours: tuple[type[Any], type[Any]]) -> None:
    """The blocking and the async classes offer the same methods, with the same parameters and results."""
    blocking, awaited = map(_shapes, colours)
    assert len(blocking) >= 2
    assert blocking == awaited


def test_each_public_method_has_its_colour(colours: tuple[type[Any], type[Any]]) -> None:
    """All that a blocking class offers returns, all that its twin offers is awaited or iterated by `async for`."""
    blocking, awaited = colours
    names = [name for name in _shapes(blocking) if name != "__init__"]
    waits = {name: _is_async(getattr(blocking, name)) for name in names}
    assert dict.fromkeys(names, False) == waits
    assert dict.fromkeys(names, True) == {name: _is_async(getattr(awaited, name)) for name in names}


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def test_signatures_that_differ_are_told() -> None:
    """The comparison sees a parameter, a default and a type that only one colour has."""

    class Blocking:
        def call(self, id: str, *, timeout: float = 1.0) -> str: ...  # type: ignore[empty-body]

    class Renamed:
        async def call(self, job: str, *, timeout: float = 1.0) -> str: ...  # type: ignore[empty-body]

    class Slower:
        async def call(self, id: str, *, timeout: float = 2.0) -> str: ...  # type: ignore[empty-body]

    class Other:
        async def call(self, id: str, *, timeout: float = 1.0) -> bytes: ...  # type: ignore[empty-body]

    assert [] == [twin for twin in (Renamed, Slower, Other) if _shapes(twin) == _shapes(Blocking)]


MACHINE = re.compile(r"(?:^|[^\w.])/(?:work|farm|root|home|Users)/[A-Za-z.]")
REGISTRY = re.compile(r"(?:pypi|pythonhosted|npmjs|crates|debian)\.(?:org|io)\b|--(?:extra-)?index-url[ =]+http")


def _tracked() -> list[Path]:
    """The files of the project: those git knows or would add, or without git, as from an sdist, all but caches."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listing.returncode == 0:
        paths = [ROOT / line for line in listing.stdout.splitlines()]
    else:
        paths = [path for path in ROOT.rglob("*") if not any(p.startswith(".") for p in path.relative_to(ROOT).parts)]
    return [path for path in paths if path.is_file()]


def test_no_file_names_a_machine_or_a_registry() -> None:
    """What is tracked works anywhere: it holds no path of one machine and no address of a package index."""
    paths = _tracked()
    assert len(paths) > 40
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if MACHINE.search(line) or REGISTRY.search(line)
    ]
    assert [] == found


@pytest.mark.parametrize("line", ["see /{}/me/x", "'/{}/.cache'", "/{}/a"])
def test_a_path_of_one_machine_is_told(line: str) -> None:
    """A path below a home or a workplace is found wherever it stands; a URL path is not one."""
    assert MACHINE.search(line.format("home"))
    assert not MACHINE.search("https://example.org" + line.format("home").partition("/")[2])


def test_the_address_of_a_registry_is_told() -> None:
    """An index address is found, in a lock file too."""
    assert REGISTRY.search("https://files.pythonhosted" + ".org/x")
    assert REGISTRY.search("--index-url" + " https://example.org/simple")


@pytest.mark.parametrize(
    ("address", "local"),
    [
        (("127.0.0.1", 80), True),
        (("::1", 80, 0, 0), True),
        ("localhost", True),
        (b"127.0.0.1", True),
        ("/run/socket", True),
        (("192.0.2.1", 80), False),
        (("0.0.0.0", 80), False),
        ("example.org", False),
        (("/etc", 80), False),
    ],
)
def test_the_guard_of_the_network_knows_this_machine(address: object, local: bool) -> None:
    """Only loopback addresses and UNIX sockets are on this machine."""
    assert local is is_local(address)


def test_leaving_this_machine_is_refused_and_noted() -> None:
    """A guarded function never gets an address elsewhere, even when the caller hides the error."""
    reached: list[object] = []
    departed: list[str] = []
    connect = guarded(reached.append, 0, departed)
    connect(("127.0.0.1", 80))
    with pytest.raises(OSError, match="may not leave this machine"):
        connect(("192.0.2.1", 80))
    assert [("127.0.0.1", 80)] == reached
    assert 1 == len(departed)
