"""What a fresh process does, from its first instruction: programs of a line or two, measured from outside.

`answered` in a program's output is the moment, by the clock that all processes share, at which it had its answer.
"""

from __future__ import annotations

_OPENAI = "from openai import OpenAI"
_OURS = "from together_batches import Together"
_TOGETHER = "from together import Together"
_HTTPX = "import httpx"
_ARGUMENTS = "import sys, time; url = sys.argv[1]; "
_ANSWERED = "; print(time.monotonic_ns())"
_CREATE = "create(input_file_id='file-1', endpoint='/v1/chat/completions'"

IMPORT = {"python": "pass", "httpx": _HTTPX, "ours": _OURS, "together-1": _TOGETHER, "together-3": _TOGETHER}
IMPORT["openai-3"] = _OPENAI

CLIENT = {
    "httpx": "import httpx; httpx.Client()",
    "ours": f"{_OURS}; Together('k', 'http://127.0.0.1:1/v1')",
    "together-1": f"{_TOGETHER}; Together(api_key='k', base_url='http://127.0.0.1:1/v1')",
    "together-3": f"{_TOGETHER}; Together(api_key='k', base_url='http://127.0.0.1:1')",
    "openai-3": f"{_OPENAI}; OpenAI(api_key='k', base_url='http://127.0.0.1:1/v1')",
}

START = {
    "http.client": _ARGUMENTS
    + "import http.client, json; "
    + "connection = http.client.HTTPConnection(url.removeprefix('http://')); "
    + "body = {'input_file_id': 'file-1', 'endpoint': '/v1/chat/completions', 'completion_window': '24h'}; "
    + "connection.request('POST', '/v1/batches', json.dumps(body), {'Authorization': 'Bearer k'}); "
    + "job = json.loads(connection.getresponse().read())['job']"
    + _ANSWERED,
    "httpx": _ARGUMENTS
    + "import httpx; client = httpx.Client(headers={'Authorization': 'Bearer k'}); "
    + "body = {'input_file_id': 'file-1', 'endpoint': '/v1/chat/completions', 'completion_window': '24h'}; "
    + "job = client.post(f'{url}/v1/batches', json=body).json()['job']"
    + _ANSWERED,
    "ours": _ARGUMENTS
    + f"{_OURS}; client = Together('k', f'{{url}}/v1'); "
    + "job = client.batches.create_batch('file-1', '/v1/chat/completions')"
    + _ANSWERED,
    "together-1": _ARGUMENTS
    + f"{_TOGETHER}; client = Together(api_key='k', base_url=f'{{url}}/v1'); "
    + "job = client.batches.create_batch('file-1', '/v1/chat/completions')"
    + _ANSWERED,
    "together-3": _ARGUMENTS
    + f"{_TOGETHER}; client = Together(api_key='k', base_url=url); job = client.batches.{_CREATE})"
    + _ANSWERED,
    "openai-3": _ARGUMENTS
    + f"{_OPENAI}; client = OpenAI(api_key='k', base_url=f'{{url}}/openai/v1'); "
    + f"job = client.batches.{_CREATE}, completion_window='24h')"
    + _ANSWERED,
}

PROGRAMS = {"import": IMPORT, "client": CLIENT, "start": START}
