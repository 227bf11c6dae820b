from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import errors
from ...types import Response

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.batch_error import BatchError
    from ...models.batch_job import BatchJob


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/batches",
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> BatchError | list[BatchJob] | None | None:
    from ...models.batch_error import BatchError
    from ...models.batch_job import BatchJob

    if response.status_code == 200:

        def _parse_response_200(data: object) -> list[BatchJob] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                response_200_type_0 = []
                _response_200_type_0 = data
                for response_200_type_0_item_data in _response_200_type_0:
                    try:
                        response_200_type_0_item = BatchJob.from_dict(response_200_type_0_item_data)

                    except (TypeError, ValueError, AttributeError, KeyError):
                        continue
                    response_200_type_0.append(response_200_type_0_item)

                return response_200_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return None

        response_200 = _parse_response_200(response.json())

        return response_200

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
) -> Response[BatchError | list[BatchJob] | None]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[BatchError | list[BatchJob] | None]:
    """List all batch jobs

     A bare array of every job of the account, in one piece; some servers answer null where there is
    none.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BatchError | list[BatchJob] | None]
    """

    kwargs = _get_kwargs()

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
) -> BatchError | list[BatchJob] | None | None:
    """List all batch jobs

     A bare array of every job of the account, in one piece; some servers answer null where there is
    none.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BatchError | list[BatchJob] | None
    """

    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[BatchError | list[BatchJob] | None]:
    """List all batch jobs

     A bare array of every job of the account, in one piece; some servers answer null where there is
    none.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BatchError | list[BatchJob] | None]
    """

    kwargs = _get_kwargs()

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> BatchError | list[BatchJob] | None | None:
    """List all batch jobs

     A bare array of every job of the account, in one piece; some servers answer null where there is
    none.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BatchError | list[BatchJob] | None
    """

    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
