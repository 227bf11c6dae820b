from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import errors
from ...types import Response

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.file_error import FileError
    from ...models.initiate_multipart_request import InitiateMultipartRequest
    from ...models.multipart_upload import MultipartUpload


def _get_kwargs(
    *,
    body: InitiateMultipartRequest,
) -> dict[str, Any]:

    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/files/multipart/initiate",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> FileError | MultipartUpload | None:
    from ...models.file_error import FileError
    from ...models.multipart_upload import MultipartUpload

    if response.status_code == 200:
        response_200 = MultipartUpload.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = FileError.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = FileError.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = FileError.from_dict(response.json())

        return response_403

    if response.status_code == 429:
        response_429 = FileError.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = FileError.from_dict(response.json())

        return response_500

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[FileError | MultipartUpload]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: InitiateMultipartRequest,
) -> Response[FileError | MultipartUpload]:
    """Start an upload in parts

     For files above 5 GiB. Each part is sent by PUT to its presigned address with the headers given for
    it and
    without the key; the ETag of each answer is kept for `complete_multipart_upload`.

    Args:
        body (InitiateMultipartRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[FileError | MultipartUpload]
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
    body: InitiateMultipartRequest,
) -> FileError | MultipartUpload | None:
    """Start an upload in parts

     For files above 5 GiB. Each part is sent by PUT to its presigned address with the headers given for
    it and
    without the key; the ETag of each answer is kept for `complete_multipart_upload`.

    Args:
        body (InitiateMultipartRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        FileError | MultipartUpload
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: InitiateMultipartRequest,
) -> Response[FileError | MultipartUpload]:
    """Start an upload in parts

     For files above 5 GiB. Each part is sent by PUT to its presigned address with the headers given for
    it and
    without the key; the ETag of each answer is kept for `complete_multipart_upload`.

    Args:
        body (InitiateMultipartRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[FileError | MultipartUpload]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: InitiateMultipartRequest,
) -> FileError | MultipartUpload | None:
    """Start an upload in parts

     For files above 5 GiB. Each part is sent by PUT to its presigned address with the headers given for
    it and
    without the key; the ETag of each answer is kept for `complete_multipart_upload`.

    Args:
        body (InitiateMultipartRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        FileError | MultipartUpload
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
