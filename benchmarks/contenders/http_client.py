"""`http.client` of the standard library, alone."""

from __future__ import annotations

import http.client
import json
import ssl

from measure import ENDPOINT, KEY, main, once, parts_of, repeated

HEADERS = {"Authorization": f"Bearer {KEY}"}
BODY = {"input_file_id": "file-1", "endpoint": ENDPOINT, "completion_window": "24h"}


def connected(given):
    host, port, path = parts_of(given.api)
    if given.url.startswith("https"):
        return http.client.HTTPSConnection(host, port, context=ssl.create_default_context()), path
    return http.client.HTTPConnection(host, port), path


def calls(given, method, path, make_body):
    connection, prefix = connected(given)

    def call():
        connection.request(method, prefix + path, make_body(), HEADERS)
        return json.loads(connection.getresponse().read())

    return repeated(call, given.count)


def create(given):
    return calls(given, "POST", "/batches", lambda: json.dumps(BODY))


def get(given):
    return calls(given, "GET", "/batches/job-1", lambda: None)


def download(given):
    connection, prefix = connected(given)

    def act():
        connection.request("GET", f"{prefix}/files/{given.file}/content", headers=HEADERS)
        response = connection.getresponse()
        buffer = memoryview(bytearray(512 * 1024))
        with open(given.output, "wb", buffering=0) as file:
            while size := response.readinto(buffer):
                file.write(buffer[:size])

    return once(act, size=given.size)


if __name__ == "__main__":
    main({"create": create, "get": get, "download": download})
