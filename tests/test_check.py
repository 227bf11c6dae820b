"""What a request line may be."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches import FileCheckError, InvalidArgumentError, _check, check_requests
from together_batches._check import check_source, require
from together_batches._source import open_source

AUDIO = "/v1/audio/transcriptions"


def line(custom_id: Any = "a", **body: Any) -> bytes:
    return json.dumps({"custom_id": custom_id, "body": {"model": "org/model", **body}}).encode() + b"\n"


def problems(data: bytes, endpoint: str = "/v1/chat/completions") -> list[tuple[int | None, str]]:
    with open_source(io.BytesIO(data), "requests.jsonl") as source:
        return [(problem.line, problem.message) for problem in check_source(source, endpoint).problems]


def test_a_good_file_has_no_problems(tmp_path: Path) -> None:
    """The report gives the name, the size in bytes and the number of requests."""
    path = tmp_path / "requests.jsonl"
    data = line("a") + line("b" * 64) + line("é 🎈")
    path.write_bytes(data)
    report = check_requests(path)
    assert report.ok
    assert ("requests.jsonl", len(data), 3, (), False) == (
        report.name,
        report.size_bytes,
        report.requests,
        report.problems,
        report.more,
    )


def test_the_last_line_needs_no_end() -> None:
    """A file without a final line feed is whole."""
    assert problems((line("a") + line("b")).rstrip()) == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"\n", "is blank"),
        (b"   \n", "is blank"),
        (b"{\n", "is not JSON"),
        (b"nonsense\n", "is not JSON"),
        (b'{"custom_id": "a", "body": {"model": "m"}} trailing\n', "is not JSON"),
        (b'{"custom_id": "a", "body": {"model": "m", "x": NaN}}\n', "is not JSON"),
        (b"[" * 500_000 + b"\n", "nested too deeply"),
        (b'{"custom_id": "a", "body": {"model": "m", "x": "\xff"}}\n', "is not UTF-8 at byte 49"),
        (b'{"custom_id": "a\x00", "body": {"model": "m"}}\n', "holds a NUL byte at byte 17"),
        (b"[1]\n", "is not a JSON object"),
        (b'"text"\n', "is not a JSON object"),
        (b'{"body": {"model": "m"}}\n', 'has no "custom_id"'),
        (line(None), 'the "custom_id" is not a string'),
        (line(7), 'the "custom_id" is not a string'),
        (line(""), 'the "custom_id" is empty'),
        (line("x" * 65), 'the "custom_id" has 65 characters; the service takes 64'),
        (b'{"custom_id": "a"}\n', 'has no "body"'),
        (b'{"custom_id": "a", "body": []}\n', 'the "body" is not a JSON object'),
        (b'{"custom_id": "a", "body": {}}\n', 'has no "model" in "body"'),
        (b'{"custom_id": "a", "body": {"model": 7}}\n', 'the "model" in "body" is not a string'),
        (line("a", model=" "), 'the "model" in "body" is empty'),
        (line("a").rstrip() + b"\r\n", "ends in CRLF"),
    ],
)
def test_each_broken_rule_is_named_with_its_line(bad: bytes, words: str) -> None:
    """A line that the service would refuse is found here, and says what is wrong with it."""
    found = problems(line("first") + bad + line("last"))
    assert [2] == [number for number, _ in found]
    assert words in found[0][1]


def test_a_byte_order_mark_is_found() -> None:
    """A mark at the start of the file is not taken for broken JSON."""
    assert [(1, "starts with a byte order mark: save the file as UTF-8 without BOM")] == problems(
        b"\xef\xbb\xbf" + line("a")
    )


def test_a_repeated_custom_id_names_both_lines() -> None:
    """The first and the second place of an id are told, however far apart."""
    many = b"".join(line(f"id-{number}") for number in range(1, 50_000)) + line("id-1")
    assert [(50_000, "the custom_id 'id-1' is that of line 1 already: give each request its own")] == problems(many)


def test_too_many_requests_are_refused() -> None:
    """More than 50,000 requests are one problem of the whole file."""
    many = b"".join(line(f"id-{number}") for number in range(50_001))
    assert [(None, "50,001 requests; the service takes 50,000 a file: split it")] == problems(many)


def test_too_long_a_line_is_refused_without_holding_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line over the limit is one problem, and the next line is read as its own."""
    monkeypatch.setattr(_check, "MAX_LINE_BYTES", 100)
    long = line("b", text="x" * 2_000_000)
    assert [(2, "longer than 100 bytes, the service's limit for a line")] == problems(line("a") + long + line("c"))
    assert [(1, "longer than 100 bytes, the service's limit for a line")] == problems(long.rstrip())


def test_too_large_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is a problem of the whole file."""
    monkeypatch.setattr(_check, "MAX_FILE_BYTES", 10)
    assert [(None, f"{len(line()):,} bytes; the service takes 10 a file: split it")] == problems(line())


def test_audio_lines_need_a_method_and_a_url() -> None:
    """What only the audio endpoints ask for is asked for there only."""
    good = {"custom_id": "a", "method": "FILE", "body": {"model": "m", "file": "https://example.com/a.mp3"}}
    assert problems(json.dumps(good).encode(), AUDIO) == []
    assert problems(line("a")) == []
    assert 'has no "method": "FILE"' in problems(line("a"), AUDIO)[0][1]
    good["body"] = {"model": "m", "file": "a.mp3"}
    assert "not a public http or https URL" in problems(json.dumps(good).encode(), AUDIO)[0][1]


def test_problems_are_listed_up_to_the_limit(tmp_path: Path) -> None:
    """Beyond the limit the report says that there are more."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(b"x\n" * 5)
    assert (2, True) == (len(check_requests(path, limit=2).problems), check_requests(path, limit=2).more)
    assert (5, False) == (len(check_requests(path, limit=5).problems), check_requests(path, limit=5).more)


def test_the_error_lists_every_problem(tmp_path: Path) -> None:
    """The message is enough to mend the file; the problems are there for a program too."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(line("a") + b"x\n" + line("a"))
    with pytest.raises(FileCheckError) as caught:
        require(check_requests(path))
    assert str(caught.value).startswith("requests.jsonl: 2 problems; nothing was sent\n  line 2: is not JSON")
    assert str(caught.value).endswith("line 3: the custom_id 'a' is that of line 1 already: give each request its own")
    assert 2 == caught.value.line
    path.write_bytes(b"x\n" * 3)
    with pytest.raises(FileCheckError, match="more than 1 problem; nothing"):
        require(check_requests(path, limit=1))


def test_what_is_no_file_is_no_request_file(tmp_path: Path) -> None:
    """A missing, empty or unreadable file is said to be one."""
    with pytest.raises(InvalidArgumentError, match="No such file"):
        check_requests(tmp_path / "missing.jsonl")
    with pytest.raises(InvalidArgumentError, match="is a directory"):
        check_requests(tmp_path)


@given(st.lists(st.binary(max_size=40) | st.just(line("x")), min_size=1))
def test_no_bytes_make_the_check_fail(lines: list[bytes]) -> None:
    """Whatever is in a file, the check gives a report."""
    data = b"\n".join(lines)
    if data:
        assert all(words for _, words in problems(data))


class Refuses:
    """Stands for the decoder of good lines, and takes none for good."""

    def decode(self, line: bytes) -> Any:
        raise ValueError


pieces = st.sampled_from(
    [
        b'{"custom_id": "a", "body": {"model": "m"}}',
        b'{"custom_id": "b", "body": {"model": "m", "t": "\xc3\xa9"}}',
        b'{"body": {"model": "m"}, "custom_id": "a"}',
        b'{"custom_id": "", "body": {"model": "m"}}',
        b'{"custom_id": "%s", "body": {"model": "m"}}' % ("\N{BALLOON}" * 64).encode(),
        b'{"custom_id": "%s", "body": {"model": "m"}}' % (b"x" * 65),
        b'{"custom_id": "c", "body": {"model": " "}}',
        b'{"custom_id": "c", "body": {"model": ""}}',
        b'{"custom_id": "c", "body": {"model": "m", "file": "http://x"}, "method": "FILE"}',
        b'{"custom_id": "c", "body": {"model": "m", "t": "\xff"}}',
        b'{"custom_id": "c", "body": {"model": "m", "t": "\\ud800"}}',
        b'{"custom_id": "c", "body": {"model": "m", "model": 7}}',
        b"\xef\xbb\xbf",
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"{",
        b"x" * 70,
    ]
)


@given(st.lists(pieces | st.just(b"\n") | st.binary(max_size=4), min_size=1, max_size=30), st.booleans())
def test_the_quick_look_finds_what_the_careful_one_does(parts: list[bytes], audio: bool) -> None:
    """The same requests and the same problems, whatever stands in a file, and wherever its limits are."""
    data = b"".join(parts) or b"x"
    endpoint = AUDIO if audio else "/v1/chat/completions"
    with pytest.MonkeyPatch.context() as patch, open_source(io.BytesIO(data), "requests.jsonl") as source:
        patch.setattr(_check, "MAX_REQUESTS", 6)
        patch.setattr(_check, "MAX_LINE_BYTES", 300)
        quick = check_source(source, endpoint, 5)
        patch.setattr(_check, "_good", Refuses())
        assert check_source(source, endpoint, 5) == quick


def test_the_quick_look_takes_only_what_is_good() -> None:
    """A good line passes without the careful look; the types alone refuse a wrong id and an empty model."""
    assert "a" == _check._good.decode(line("a")).custom_id
    for bad in (line(""), line("x" * 65), line("a", model=""), line(None)):
        with pytest.raises(msgspec.ValidationError):
            _check._good.decode(bad)
