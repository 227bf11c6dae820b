"""The rules of the house, read from source text: what may import what, and where the world may be touched."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = "together_batches"

# From the ground up: a module imports only from floors below its own.
# What an `if TYPE_CHECKING:` imports is not loaded, and so is free to name the type of a value from above.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("_errors", "_logs", "_places"),
    ("_objects",),
    ("_models",),
    ("_json", "_source"),
    ("_sink",),
    ("_effects",),
    ("_retry", "_jsonl"),
    ("_check",),
    ("_build",),
    ("_settings", "_join", "_convert", "_transport"),
    ("_reading", "_listing"),
    ("_flow", "_operation"),
    ("_flow_async",),
    ("_wire",),
    ("_upload", "_download", "_create", "_wait"),
    ("_files",),
    ("_runs",),
    ("_batches",),
    ("_client",),
    ("_cli",),
)
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
# The embedded server is another party: it stands beside the house, and the command alone knows both.
LOCAL = "local"

# What is kept to a few modules: what it is called in a complaint, the modules that are imported, who may.
RESERVED_IMPORTS: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"together_lowlevel"}), frozenset({"_wire"})),
    (frozenset({"httpx", "httpcore"}), frozenset({"_wire", "_client", "_transport", LOCAL})),
    (frozenset({"socket", "select", "selectors", "sched"}), frozenset({"_transport", LOCAL})),
)
MAY_SLEEP_OR_READ_A_CLOCK = frozenset({"_flow", "_transport", LOCAL})
MAY_READ_THE_ENVIRONMENT = frozenset({"_client", "_cli"})
MAY_PRINT = frozenset({"_cli"})


def sources(root: Path = ROOT / "src" / PACKAGE) -> dict[str, str]:
    """The text of each module, by dotted name below the package; that of the package itself is ''."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix("__init__").rstrip("."): path.read_text()
        for path in sorted(root.rglob("*.py"))
    }


def complaints(modules: Mapping[str, str]) -> list[str]:
    """Every breach of a rule, as `module:line: what`."""
    return [
        f"{module or '__init__'}:{line}: {what}"
        for module, text in modules.items()
        for line, what in sorted(set(_complaints(module, ast.parse(text), modules)))
    ]


def _complaints(module: str, tree: ast.Module, modules: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    room = module.partition(".")[0]
    if room not in FLOOR and room not in {LOCAL, ""}:
        yield 0, f"stands on no floor: give {room} one in tests/house.py"
        return
    for line, target, loaded in imports(module, tree, is_package=_is_package(module, modules)):
        top, _, rest = target.partition(".")
        for names, rooms in RESERVED_IMPORTS:
            if top in names and room not in rooms:
                yield line, f"imports {top}, which only {', '.join(sorted(rooms))} may"
        if top != PACKAGE or not rest:
            continue
        other = rest.partition(".")[0]
        if other not in FLOOR and other != LOCAL:  # a name of the package itself, such as __version__
            other = ""
        if LOCAL in {room, other}:
            if room != other and room != "_cli":
                yield line, f"imports {target}: the client and the embedded server know nothing of each other"
        elif other == "" and room == "_cli":  # the public names
            continue
        elif loaded and other != room and FLOOR.get(other, len(FLOORS)) >= FLOOR.get(room, len(FLOORS)):
            yield line, f"imports {target}, which is not below it"
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        called = _called(node)
        if room not in MAY_SLEEP_OR_READ_A_CLOCK and (
            called.endswith(".sleep") or called == "sleep" or called in _CLOCKS
        ):
            yield line, f"calls {called}: only flows' drivers and the embedded server know of time"
        if room not in MAY_SLEEP_OR_READ_A_CLOCK and _tells_time(node):
            yield line, "uses the module time: only flows' drivers and the embedded server know of time"
        if room not in MAY_PRINT and called in {"print", "builtins.print"}:
            yield line, "prints: only the command does"
        if room not in MAY_READ_THE_ENVIRONMENT and _reads_environment(node):
            yield line, "reads the environment: only _client and _cli do"


_CLOCKS = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "datetime.", "dt.")
    for name in ("datetime.now", "datetime.utcnow", "datetime.today", "date.today")
)


def imports(module: str, tree: ast.Module, *, is_package: bool) -> Iterator[tuple[int, str, bool]]:
    """Each import as its line, the absolute dotted name, and whether it is loaded at run time."""
    only_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
        for statement in node.body
        for inner in ast.walk(statement)
    }
    here = [PACKAGE, *(module.split(".") if module else [])]
    for node in ast.walk(tree):
        loaded = id(node) not in only_types
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, loaded
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + is_package] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            # `from . import x` may mean the module x: then that is what is imported.
            for alias in node.names:
                yield node.lineno, start if start != PACKAGE else f"{start}.{alias.name}", loaded


def _is_package(module: str, modules: Mapping[str, str]) -> bool:
    return module in {"", LOCAL, "_cli"} or any(name.startswith(f"{module}.") for name in modules)


def _called(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _tells_time(node: ast.AST) -> bool:
    """Whether the module time is used for more than to write down a moment that is given."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "time"
    return isinstance(node, ast.Attribute) and (
        ast.unparse(node.value) == "time" and node.attr not in {"strftime", "gmtime", "sleep"}
    )


def _reads_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(alias.name in names for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == "os"


def sleeps(text: str) -> list[int]:
    """The lines of a test module that wait by the clock; a sleep of zero only lets others run."""
    found: list[int] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _called(node) in _SLEEPS:
            zero = bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
            if not zero or _called(node) == "time.sleep":
                found.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module in {"time", "asyncio", "anyio", "trio"}:
            found += [node.lineno for alias in node.names if alias.name == "sleep"]
    return found


_SLEEPS = frozenset(f"{module}.sleep" for module in ("time", "asyncio", "anyio", "trio"))
