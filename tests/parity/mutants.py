"""Whether the vectors would notice: the facade changed in many small ways, each of which some vector has to catch."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.runner import Report, run
from parity.testee import HERE, ROOT, Entry, entries
from parity.vectors import Vector, load

AT_ONCE = 2
SIDE_BY_SIDE = 3


@dataclass(frozen=True)
class Mutant:
    """In `module`, `old`, which is there once, becomes `new`; vectors of `area` are the likeliest to notice."""

    name: str
    area: str
    module: str
    old: str
    new: str

    def apply(self, package: Path) -> None:
        """Changes a copy of the package. Raises ValueError where the text is not there, or not once."""
        path = package / self.module
        text = path.read_text("utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {text.count(self.old)} places in {self.module} for: {self.old}")
        path.write_text(text.replace(self.old, self.new), "utf-8")


def mutants(path: Path = HERE / "mutants.toml") -> list[Mutant]:
    """The changes to try."""
    return [Mutant(**table) for table in tomllib.loads(path.read_text("utf-8"))["mutant"]]


async def verdict(mutant: Mutant, entry: Entry, vectors: Sequence[Vector]) -> Report:
    """What the vectors say of a mutant, until the first that fails."""
    with tempfile.TemporaryDirectory(prefix="parity-mutant-") as folder:
        package = Path(folder) / "together_batches"
        left_out = shutil.ignore_patterns("__pycache__", "local", "_cli")
        shutil.copytree(ROOT / "src/together_batches", package, ignore=left_out)
        mutant.apply(package)
        likely = sorted(vectors, key=lambda vector: vector["area"] != mutant.area)
        environment = {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        return await run(entry, likely, side_by_side=SIDE_BY_SIDE, environment=environment, until_failure=True)


async def trial(chosen: Sequence[Mutant]) -> int:
    """Prints what became of each mutant; how many were not caught, or could not be made."""
    entry = next(entry for entry in entries() if entry.name == "python-blocking")
    # What the facade itself does not pass shows nothing about a mutant.
    facade = await run(entry, load())
    vectors = [result.vector for result in facade.results if result.passed]
    if facade.failed:
        print(f"left out, since the facade fails them: {', '.join(result.vector['name'] for result in facade.failed)}")
    room = asyncio.Semaphore(AT_ONCE)
    survivors: list[str] = []
    began = time.monotonic()

    async def one(mutant: Mutant) -> None:
        async with room:
            try:
                report = await verdict(mutant, entry, vectors)
                caught = [result.vector["name"] for result in report.failed]
                if not report.version:
                    raise ValueError("it does not start")
                if not caught:
                    survivors.append(mutant.name)
                print(f"| {mutant.name} | {mutant.module} | {caught[0] if caught else 'NOT CAUGHT'} |", flush=True)
            except ValueError as error:
                survivors.append(mutant.name)
                print(f"| {mutant.name} | {mutant.module} | NOT MADE: {error} |", flush=True)

    print("| mutant | module | caught by |\n|---|---|---|")
    await asyncio.gather(*(one(mutant) for mutant in chosen))
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} caught, {time.monotonic() - began:.0f} s")
    return len(survivors)


if __name__ == "__main__":
    wanted = sys.argv[1:]
    chosen = [mutant for mutant in mutants() if not wanted or any(word in mutant.name for word in wanted)]
    sys.exit(1 if not chosen or asyncio.run(trial(chosen)) else 0)
