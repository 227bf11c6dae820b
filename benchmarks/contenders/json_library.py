"""A JSON library alone, in the loop that a user would write around it; `library` says which."""

from __future__ import annotations

import importlib

from measure import main, once
from rows import pairs


def library(given):
    """The functions `loads(bytes)` and `dumps(value) -> bytes` of a library."""
    if given.library == "msgspec":
        import msgspec

        return msgspec.json.decode, msgspec.json.encode
    module = importlib.import_module(given.library)
    if given.library == "json":
        return module.loads, lambda value: module.dumps(value).encode()
    return module.loads, module.dumps


def check(given):
    """Every rule of ours over each line: a custom_id of 1 to 64 characters, unique, a model, UTF-8, LF, the limits."""
    loads, _ = library(given)

    def act():
        seen = set()
        size = number = 0
        with open(given.path, "rb") as file:
            for number, line in enumerate(file, 1):
                size += len(line)
                if len(line) > 10 * 1024 * 1024 or line.endswith(b"\r\n"):
                    raise ValueError(number)
                request = loads(line)
                custom_id, body = request["custom_id"], request["body"]
                if not isinstance(custom_id, str) or not 1 <= len(custom_id) <= 64 or custom_id in seen:
                    raise ValueError(number)
                if not isinstance(body, dict) or not isinstance(body["model"], str) or not body["model"].strip():
                    raise ValueError(number)
                seen.add(custom_id)
        if number > 50_000 or size > 100 * 1024 * 1024:
            raise ValueError(size)

    return once(act, count=given.count, size=given.size)


def build(given):
    _, dumps = library(given)
    made = list(pairs(given.count))

    def act():
        with open(given.output, "wb") as file:
            for custom_id, body in made:
                file.write(dumps({"custom_id": custom_id, "body": body}) + b"\n")

    return once(act, count=given.count)


def join(given):
    """As first written: all answers in a dict, then the requests one by one."""
    loads, dumps = library(given)

    def act():
        with open(given.answers, "rb") as file:
            answers = {row["custom_id"]: row for row in map(loads, file)}
        with open(given.path, "rb") as requests, open(given.output, "wb") as output:
            for request in map(loads, requests):
                output.write(dumps(_joined(request, answers.get(request["custom_id"]))) + b"\n")
        return answers

    return once(act, count=given.count)


def join_offsets(given):
    """With memory in mind: a dict of where each answer begins, read again when its request comes."""
    loads, dumps = library(given)

    def act():
        places = {}
        offset = 0
        with open(given.answers, "rb") as answers:
            for line in answers:
                places[loads(line)["custom_id"]] = offset
                offset += len(line)
            with open(given.path, "rb") as requests, open(given.output, "wb") as output:
                for request in map(loads, requests):
                    answers.seek(places[request["custom_id"]])
                    output.write(dumps(_joined(request, loads(answers.readline()))) + b"\n")
        return places

    return once(act, count=given.count)


def _joined(request, answer):
    response = answer["response"]
    return {
        "custom_id": request["custom_id"],
        "request": request["body"],
        "status_code": response["status_code"],
        "response": response["body"],
        "error": None,
    }


if __name__ == "__main__":
    main({"check": check, "build": build, "join": join, "join-offsets": join_offsets})
