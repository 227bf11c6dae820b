from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import errors
from ...types import Response

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.batch_error import BatchError
    from ...models.create_batch_request import CreateBatchRequest
    from ...models.create_batch_response import CreateBatchResponse


def _get_kwargs(
    *,
    body: CreateBatchRequest,
) -> dict[str, Any]:

    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/batches",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> BatchError | CreateBatchResponse | None:
    from ...models.batch_error import BatchError
    from ...models.create_batch_response import CreateBatchResponse

    if response.status_code == 200:
        response_200 = CreateBatchResponse.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = CreateBatchResponse.from_dict(response.json())

        return response_201

    if response.status_code == 400:
        response_400 = BatchError.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = BatchError.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = BatchError.from_dict(response.json())

        return response_403

    if response.status_code == 429:
        response_429 = BatchError.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = BatchError.from_dict(response.json())

        return response_500

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[BatchError | CreateBatchResponse]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: CreateBatchRequest,
) -> Response[BatchError | CreateBatchResponse]:
    """Create a batch job

     Starts a job over an uploaded file. Little is checked here: a file that does not exist or cannot be
    read gives
    a job all the same, which ends as FAILED with the reason in `error`.

    There is no idempotency key: a request that is sent twice makes two jobs, and both are billed.

    Limits: 50,000 requests and 100 MB a file, 10 MB a line, 30 billion tokens enqueued per model. Each
    line is
    `{"custom_id": "unique, at most 64 characters", "body": {"model": "…", …}}`; models may be mixed in
    a file.
    Lines for the audio endpoints carry `"method": "FILE"` too, and a public URL in `body.file`.

    Args:
        body (CreateBatchRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BatchError | CreateBatchResponse]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: CreateBatchRequest,
) -> BatchError | CreateBatchResponse | None:
    """Create a batch job

     Starts a job over an uploaded file. Little is checked here: a file that does not exist or cannot be
    read gives
    a job all the same, which ends as FAILED with the reason in `error`.

    There is no idempotency key: a request that is sent twice makes two jobs, and both are billed.

    Limits: 50,000 requests and 100 MB a file, 10 MB a line, 30 billion tokens enqueued per model. Each
    line is
    `{"custom_id": "unique, at most 64 characters", "body": {"model": "…", …}}`; models may be mixed in
    a file.
    Lines for the audio endpoints carry `"method": "FILE"` too, and a public URL in `body.file`.

    Args:
        body (CreateBatchRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BatchError | CreateBatchResponse
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: CreateBatchRequest,
) -> Response[BatchError | CreateBatchResponse]:
    """Create a batch job

     Starts a job over an uploaded file. Little is checked here: a file that does not exist or cannot be
    read gives
    a job all the same, which ends as FAILED with the reason in `error`.

    There is no idempotency key: a request that is sent twice makes two jobs, and both are billed.

    Limits: 50,000 requests and 100 MB a file, 10 MB a line, 30 billion tokens enqueued per model. Each
    line is
    `{"custom_id": "unique, at most 64 characters", "body": {"model": "…", …}}`; models may be mixed in
    a file.
    Lines for the audio endpoints carry `"method": "FILE"` too, and a public URL in `body.file`.

    Args:
        body (CreateBatchRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BatchError | CreateBatchResponse]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: CreateBatchRequest,
) -> BatchError | CreateBatchResponse | None:
    """Create a batch job

     Starts a job over an uploaded file. Little is checked here: a file that does not exist or cannot be
    read gives
    a job all the same, which ends as FAILED with the reason in `error`.

    There is no idempotency key: a request that is sent twice makes two jobs, and both are billed.

    Limits: 50,000 requests and 100 MB a file, 10 MB a line, 30 billion tokens enqueued per model. Each
    line is
    `{"custom_id": "unique, at most 64 characters", "body": {"model": "…", …}}`; models may be mixed in
    a file.
    Lines for the audio endpoints carry `"method": "FILE"` too, and a public URL in `body.file`.

    Args:
        body (CreateBatchRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BatchError | CreateBatchResponse
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
