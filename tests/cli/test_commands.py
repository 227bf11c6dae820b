from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from cli.support import EXAMPLES, PATIENCE_SECONDS, Backend, Command, write_requests
from together_batches import CreateOutcomeUnknownError, DownloadError, Together, local
from together_batches._cli import main

CHAT = "/v1/chat/completions"


def job_of(client: Together, requests: Path) -> str:
    return client.batches.submit(requests).id


def ended_job(client: Together, requests: Path) -> str:
    return client.batches.wait(job_of(client, requests), timeout=PATIENCE_SECONDS).id


def failed_job(client: Together) -> str:
    job = client.batches.create_batch("file-unknown", CHAT).id
    return client.batches.wait(job, timeout=PATIENCE_SECONDS).id


def lines_of(path: Path | str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


class TestRun:
    @pytest.fixture(autouse=True)
    def here(self, service: Together, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def test_in_a_pipe(self, command: Command, requests: Path) -> None:
        """All answers are rows in the order of the file, OUT holds them beside the requests, the summary is apart."""
        ended = command("run", requests)

        assert 0 == ended.code
        assert [["r1", "ok"], ["r2", "ok"], ["r3", "ok"]] == [row[:2] for row in ended.rows]
        assert all(row[2] for row in ended.rows)
        written = lines_of("three.results.jsonl")
        assert lines_of(requests) == [{"custom_id": row["custom_id"], "body": row["request"]} for row in written]
        assert all(row["status_code"] == 200 and row["error"] is None for row in written)
        assert re.search(r"^uploaded \d+ bytes\njob \S+\n", ended.err)
        assert re.search(r"\nCOMPLETED, progress \S+\nanswered  3 of 3\ntokens .*\ntime .*\n", ended.err)
        assert ended.err.endswith("written to three.results.jsonl\n")

    def test_on_a_terminal(self, requests: Path, tmp_path: Path, screen: Callable[[], str]) -> None:
        """The first ten answers stand beside their questions within 80 columns, and a line tells of the rest."""
        many = write_requests(tmp_path / "many.jsonl", *(f"question {n} " + "word " * 40 for n in range(12)))

        assert 0 == main(["run", str(many), "-o", "answers.jsonl"])

        shown = screen().splitlines()
        assert ["custom_id", "question", "answer"] == shown[0].split()
        assert [f"r{n}" for n in range(1, 11)] == [line.split()[0] for line in shown[1:-1] if line.startswith("r")]
        assert "question 0 word word" in shown[1]
        assert "… 2 more in answers.jsonl" == shown[-1]
        assert max(len(line.rstrip()) for line in shown) <= 80

    def test_few_answers_on_a_terminal(self, requests: Path, screen: Callable[[], str]) -> None:
        """What fits is shown whole; brackets in a question are no markup, and it stays on its lines."""
        assert 0 == main(["run", str(requests)])

        shown = screen()
        assert "second question [red]" in shown
        assert "…" not in shown

    def test_a_job_that_fails_as_a_whole(self, command: Command, requests: Path) -> None:
        """An endpoint that the service does not have fails the job: exit 1, the service's words, nothing written."""
        ended = command("run", requests, "--endpoint", "/v1/embeddings")

        assert (1, "") == (ended.code, ended.out)
        assert re.match(r"error: job \S+ failed: \S", ended.err.splitlines()[-1])
        assert not Path("three.results.jsonl").exists()

    def test_a_create_whose_fate_is_unknown(
        self, command: Command, requests: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When nobody knows whether there is a job, stderr says where to look."""

        def lost(*_: object) -> NoReturn:
            raise CreateOutcomeUnknownError("the answer was lost")

        monkeypatch.setattr("together_batches._runs.create_batch", lost)

        ended = command("run", requests)

        assert 1 == ended.code
        assert ["error: the answer was lost", "a job may have been created: together-batches ls"] == (
            ended.err.splitlines()[-2:]
        )

    def test_a_download_that_fails(self, command: Command, requests: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The job is done and paid for: stderr says how to fetch its results."""

        def cut(*_: object) -> NoReturn:
            raise DownloadError("cut short")

        monkeypatch.setattr("together_batches._runs.collect", cut)

        ended = command("run", requests)

        assert 1 == ended.code
        error, hint = ended.err.splitlines()[-2:]
        assert "error: cut short" == error
        assert re.fullmatch(
            r"  get its results: together-batches results \S+ --requests .* -o three.results.jsonl", hint
        )

    def test_as_json(self, command: Command, requests: Path) -> None:
        """Stdout is one object, the summary with the job."""
        ended = command("run", requests, "--json", "-o", "answers.jsonl")

        assert 0 == ended.code
        assert (3, 3, {}, 0, "answers.jsonl", "COMPLETED") == (
            ended.json["requests"],
            ended.json["answered"],
            ended.json["failed"],
            ended.json["missing"],
            ended.json["output"],
            ended.json["job"]["status"],
        )
        assert ended.json["usage"]["total_tokens"] > 0
        assert 3 == len(lines_of("answers.jsonl"))

    def test_to_stdout(self, command: Command, requests: Path, tmp_path: Path) -> None:
        """With `-o -` stdout is the joined lines, and no file appears."""
        ended = command("run", requests, "-o", "-")

        assert 0 == ended.code
        assert ["r1", "r2", "r3"] == [json.loads(line)["custom_id"] for line in ended.out.splitlines()]
        assert [requests] == list(tmp_path.iterdir())

    def test_an_output_that_exists_is_refused_before_anything_is_sent(
        self, command: Command, requests: Path, service: Together
    ) -> None:
        """The default OUT is replaced only when asked to; a named one always."""
        Path("three.results.jsonl").write_text("precious")
        files = service.files.list()

        refused = command("run", requests)

        assert 2 == refused.code
        assert "three.results.jsonl exists" in refused.err
        assert files == service.files.list()
        assert "precious" == Path("three.results.jsonl").read_text()
        assert 0 == command("run", requests, "--overwrite").code
        assert 0 == command("run", requests, "-o", "three.results.jsonl").code

    def test_requests_that_fail(self, command: Command) -> None:
        """Where some requests fail the exit code is 3, their rows say why, and the summary counts by code."""
        ended = command("run", EXAMPLES / "mixed.jsonl")

        assert 3 == ended.code
        rows = {row[0]: row[1] for row in ended.rows}
        assert list(rows) == [row["custom_id"] for row in lines_of(EXAMPLES / "mixed.jsonl")]
        codes = {code for code in rows.values() if code != "ok"}
        assert codes
        assert all(code in ended.err for code in codes)
        assert re.search(r"^answered +8 of 30\nfailed +22\n +20 invalid_request_error\n", ended.err, re.MULTILINE)

    def test_a_preview_of_requests_that_fail(self, screen: Callable[[], str]) -> None:
        """The preview shows an error in the place of the answer."""
        assert 3 == main(["run", str(EXAMPLES / "mixed.jsonl")])

        failed = next(row for row in lines_of("mixed.results.jsonl") if row["error"])
        assert str(failed["custom_id"])[:20] in screen()

    def test_a_file_with_problems_is_not_sent(self, command: Command, service: Together, tmp_path: Path) -> None:
        """Each problem is named with its line, and nothing was uploaded."""
        bad = tmp_path / "bad.jsonl"
        bad.write_text('{"custom_id": "a", "body": {"model": "m"}}\n{"custom_id": "a", "body": {"model": "m"}}\n[1]\n')
        files = service.files.list()

        ended = command("run", bad)

        assert 1 == ended.code
        assert ended.err.startswith("error: bad.jsonl: 2 problems")
        assert "line 2: " in ended.err
        assert "line 3: " in ended.err
        assert "" == ended.out
        assert files == service.files.list()

    @pytest.mark.parametrize(
        "arguments",
        [("run",), ("run", "nowhere.jsonl"), ("run", "three.jsonl", "-o", "-", "--json"), ("run", "--speed", "9")],
    )
    def test_wrong_usage(self, command: Command, requests: Path, arguments: tuple[str, ...]) -> None:
        """What cannot be meant exits 2 with a line that says so."""
        ended = command(*arguments)

        assert 2 == ended.code
        assert "rror: " in ended.err
        assert "" == ended.out

    def test_a_folder_that_is_not_there(self, command: Command, requests: Path, service: Together) -> None:
        """An OUT that cannot be written is found out before anything is sent."""
        files = service.files.list()

        ended = command("run", requests, "-o", "no/such/folder.jsonl")

        assert 1 == ended.code
        assert ended.err.startswith("error: ")
        assert files == service.files.list()


def test_a_run_that_is_not_waited_for(
    command: Command, slow: Together, backend: Backend, requests: Path, tmp_path: Path
) -> None:
    """When the time is up the exit code is 4, stderr says how to go on, and those two commands work."""
    out = tmp_path / "my answers.jsonl"

    ended = command("run", requests, "-o", out, "--timeout", "0")

    assert 4 == ended.code
    assert ended.err.splitlines()[-4].startswith("error: job ")
    hints = re.findall(r"together-batches (.*)", ended.err)
    job = hints[0].removeprefix("watch ")
    assert [f"watch {job}", f"results {job} --requests {requests} -o '{out}'"] == hints
    early = command("results", job)
    assert 4 == early.code
    assert f"error: job {job} has not ended (status IN_PROGRESS): together-batches watch {job}\n" == early.err
    assert 4 == command("watch", job, "--timeout", "0").code
    backend.answering.set()
    assert 0 == command("watch", job).code
    assert 0 == command("results", job, "--requests", requests, "-o", out).code
    assert ["r1", "r2", "r3"] == [row["custom_id"] for row in lines_of(out)]


def test_a_cancelled_job(command: Command, slow: Together, backend: Backend, requests: Path, tmp_path: Path) -> None:
    """Cancelling prints the job; whoever watches or fetches a cancelled one exits 5, with what there is."""
    job = job_of(slow, requests)
    assert backend.asked.wait(PATIENCE_SECONDS)

    assert f"id\t{job}" in command("cancel", job).out
    backend.answering.set()
    watched = command("watch", job, "--json")
    fetched = command("results", job, "--requests", requests, "-o", tmp_path / "out.jsonl")

    assert (5, "CANCELLED") == (watched.code, watched.json["status"])
    assert 5 == fetched.code
    assert f"job {job} is CANCELLED: what it had finished is there\n" in fetched.err
    assert ["r1", "r2", "r3"] == [row["custom_id"] for row in lines_of(tmp_path / "out.jsonl")]


def test_a_failed_job(command: Command, service: Together) -> None:
    """A job that failed as a whole exits 1 with the service's words."""
    job = failed_job(service)

    watched = command("watch", job)
    fetched = command("results", job)

    said = service.batches.get_batch(job).error
    assert said
    assert (1, 1) == (watched.code, fetched.code)
    assert f"error: job {job} failed: {said}\n" in watched.err
    assert f"error: job {job} failed: {said}\n" == fetched.err


def test_submit_and_watch(command: Command, service: Together, requests: Path) -> None:
    """A submitted job is shown at once, and can be watched to its end."""
    submitted = command("submit", requests, "--json")
    watched = command("watch", submitted.json["id"])

    assert (0, 0) == (submitted.code, watched.code)
    assert CHAT == submitted.json["endpoint"]
    assert ["status", "COMPLETED"] in watched.rows
    assert "COMPLETED, progress" in watched.err


def test_results_in_every_form(command: Command, service: Together, requests: Path, tmp_path: Path) -> None:
    """Rows in a pipe, lines to a file or stdout, the summary as JSON; without requests, no request stands in them."""
    job = ended_job(service, requests)

    piped = command("results", job)
    lines = command("results", job, "-o", "-", "--requests", requests)
    summary = command("results", job, "--json")
    written = command("results", job, "-o", tmp_path / "out.jsonl")
    superset = write_requests(tmp_path / "four.jsonl", "a", "b", "c", "d")
    missing = command("results", job, "--requests", superset)

    assert [0, 0, 0, 0, 3] == [ended.code for ended in (piped, lines, summary, written, missing)]
    assert ["r1", "r2", "r3"] == sorted(row[0] for row in piped.rows)
    assert ["r1", "r2", "r3"] == [json.loads(line)["custom_id"] for line in lines.out.splitlines()]
    assert (None, 3, None) == tuple(summary.json[name] for name in ("requests", "answered", "output"))
    assert all("request" not in row for row in lines_of(tmp_path / "out.jsonl"))
    assert ["r4", "missing"] == missing.rows[3][:2]
    assert "missing   1\n" in missing.err


def test_results_on_a_terminal(service: Together, requests: Path, tmp_path: Path, screen: Callable[[], str]) -> None:
    """Without requests the table has no questions; rows that belong to no request have an empty one."""
    many = write_requests(tmp_path / "many.jsonl", *map(str, range(12)))
    job = ended_job(service, many)

    assert 0 == main(["results", job])
    alone = screen().splitlines()
    assert 3 == main(["results", job, "--requests", str(requests)])
    joined = screen().splitlines()

    assert ["custom_id", "answer"] == alone[0].split()
    assert "… 2 more; -o OUT keeps them all" == alone[-1]
    assert ["custom_id", "question", "answer"] == joined[0].split()


def test_get_and_ls(command: Command, service: Together, requests: Path) -> None:
    """A job as rows or JSON, the list as rows of six columns or an array."""
    job = ended_job(service, requests)

    assert ["id", job] in command("get", job).rows
    assert job == command("get", job, "--json").json["id"]
    listed = next(row for row in command("ls").rows if row[0] == job)
    assert (6, "COMPLETED", CHAT) == (len(listed), listed[1], listed[4])
    assert job in [found["id"] for found in command("ls", "--json").json]


def test_get_and_ls_on_a_terminal(
    service: Together, requests: Path, screen: Callable[[], str], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Tables, with colour unless NO_COLOR is set."""
    job = ended_job(service, requests)

    assert 0 == main(["ls"])
    assert re.search(rf"^id +status +.*\n(.*\n)*{job} +COMPLETED", screen())
    assert 0 == main(["get", job])
    coloured = capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    assert 0 == main(["get", job])
    plain = capsys.readouterr().out

    assert "\x1b[32mCOMPLETED" in coloured
    assert "\x1b[32m" not in plain
    assert "COMPLETED" in plain


def test_files(command: Command, service: Together, requests: Path, tmp_path: Path) -> None:
    """A file goes up, is listed, shown, fetched in three ways, and removed."""
    uploaded = command("files", "upload", requests)
    file = dict(uploaded.rows)["id"]
    out = tmp_path / "copy.jsonl"

    assert 0 == uploaded.code
    assert f"uploaded {requests.stat().st_size} bytes" in uploaded.err
    listed = next(row for row in command("files", "ls").rows if row[0] == file)
    assert [file, "three.jsonl", str(requests.stat().st_size), "batch-api"] == listed[:4]
    assert file in [found["id"] for found in command("files", "ls", "--json").json]
    assert "three.jsonl" == command("files", "get", file, "--json").json["filename"]
    assert ["filename", "three.jsonl"] in command("files", "get", file).rows
    assert requests.read_text(encoding="utf-8") == command("files", "download", file).out
    assert f"{out}\n" == command("files", "download", file, "-o", out).out
    assert requests.read_bytes() == out.read_bytes()
    assert {"id": file, "output": str(out), "bytes": out.stat().st_size} == command(
        "files", "download", file, "-o", out, "--json"
    ).json
    assert 2 == command("files", "download", file, "--json").code
    assert [["id", file], ["deleted", "true"]] == command("files", "rm", file).rows
    gone = command("files", "get", file)
    assert (1, "error: ") == (gone.code, gone.err[:7])


def test_file_commands_as_json(command: Command, service: Together, requests: Path) -> None:
    """Uploading and removing tell what the service said."""
    uploaded = command("files", "upload", requests, "--purpose", "batch-api", "--json").json

    assert "batch-api" == uploaded["purpose"]
    assert {"id": uploaded["id"], "deleted": True} == command("files", "rm", uploaded["id"], "--json").json


def test_files_on_a_terminal(service: Together, requests: Path, screen: Callable[[], str]) -> None:
    """The list is a table within 80 columns, sizes for people."""
    service.files.upload(requests)

    assert 0 == main(["files", "ls"])

    shown = screen().splitlines()
    assert ["id", "filename", "bytes"] == shown[0].split()[:3]
    assert max(len(line.rstrip()) for line in shown) <= 80


class TestWhoAnswers:
    @pytest.fixture(autouse=True)
    def state(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        return tmp_path / "state" / "together-batches" / "local"

    def test_an_embedded_server(self, command: Command, requests: Path, state: Path, tmp_path: Path) -> None:
        """With neither key nor base URL a server in the process answers, says so, and keeps jobs for later."""
        ran = command("run", requests, "--json", "-o", tmp_path / "out.jsonl")
        listed = command("ls", "--json")

        assert (0, 0) == (ran.code, listed.code)
        assert "no TOGETHER_API_KEY: an embedded server echoes the requests\n" == listed.err
        assert state.is_dir()
        assert [ran.json["job"]["id"]] == [job["id"] for job in listed.json]

    def test_the_home_folder(
        self, command: Command, tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without XDG_STATE_HOME the data is in ~/.local/state."""
        monkeypatch.delenv("XDG_STATE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))

        assert 0 == command("ls").code
        assert (tmp_path / "home/.local/state/together-batches/local").is_dir()

    @pytest.mark.parametrize(
        ("name", "value"), [("TOGETHER_API_KEY", " "), ("TOGETHER_API_KEY", ""), ("TOGETHER_BASE_URL", "http://[::1]")]
    )
    def test_no_fallback(
        self, command: Command, state: Path, name: str, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Half a setting, or a blank one, is an error; the embedded server stays away."""
        monkeypatch.setenv(name, value)

        ended = command("ls")

        assert 1 == ended.code
        assert ended.err.startswith("error: ")
        assert "TOGETHER_API_KEY" in ended.err
        assert not state.exists()

    def test_a_missing_extra(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the server's extra the message names what to install."""
        monkeypatch.setitem(sys.modules, "together_batches.local", None)

        ended = command("ls")

        assert 1 == ended.code
        assert "pip install 'together-batches[cli,local]'" in ended.err

    def test_a_wrong_backend(self, command: Command) -> None:
        """What the server cannot use is told in its own words."""
        ended = command("serve", "--backend", "parrot")

        assert (1, "") == (ended.code, ended.out)
        assert ended.err.startswith("error: backend must be 'echo' or a URL")

    def test_a_wrong_key(self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The service's refusal is one line that does not show the key."""
        with local.serve(data_dir=tmp_path / "guarded", api_key="right") as server:
            monkeypatch.setenv("TOGETHER_BASE_URL", server.base_url)
            monkeypatch.setenv("TOGETHER_API_KEY", "wrong-and-secret")

            ended = command("ls")

        assert (1, "") == (ended.code, ended.out)
        assert ended.err.startswith("error: ")
        assert 1 == ended.err.count("\n")
        assert "secret" not in ended.err


def test_no_arguments_prints_help(command: Command) -> None:
    """The bare command lists the commands on stdout."""
    ended = command()

    assert (0, "") == (ended.code, ended.err)
    assert all(name in ended.out for name in ("run", "submit", "get", "ls", "watch", "results", "cancel", "serve"))


def test_version(command: Command) -> None:
    """`--version` prints name and version."""
    from together_batches import __version__

    assert f"together-batches {__version__}\n" == command("--version").out


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules of the command are loaded anew."""
    for name in [name for name in sys.modules if name.startswith("together_batches._cli.")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize("name", ["typer", "rich"])
def test_without_the_extra(command: Command, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where typer or rich is not installed the command says what to install."""
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)

    ended = command()

    assert (1, "") == (ended.code, ended.out)
    assert f"error: {name} is not installed: pip install 'together-batches[cli,local]'\n" == ended.err


@pytest.mark.usefixtures("unloaded")
def test_a_broken_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another module that is missing is not hidden behind advice that would not help."""
    monkeypatch.setitem(sys.modules, "together_batches._models", None)

    with pytest.raises(ModuleNotFoundError, match="_models"):
        main([])


def test_an_unforeseen_error(command: Command, service: Together, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug shows its kind and not its words, which could hold anything; --debug shows the traceback."""
    monkeypatch.setattr("together_batches._batches.Batches.list_batches", lambda self: {}["secret"])

    ended = command("ls")

    assert (1, "error: unexpected KeyError; --debug before the command shows where\n") == (ended.code, ended.err)
    with pytest.raises(KeyError):
        main(["--debug", "ls"])


def test_an_error_of_the_system(command: Command, service: Together, monkeypatch: pytest.MonkeyPatch) -> None:
    """An OSError is told in the system's words, with the file if there is one."""

    def full(self: object) -> None:
        raise OSError(28, "No space left on device", "/some/file")

    monkeypatch.setattr("together_batches._batches.Batches.list_batches", full)

    assert "error: No space left on device: /some/file\n" == command("ls").err
