from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ... import errors
from ...types import Response

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.file_error import FileError
    from ...models.file_exists import FileExists
    from ...models.start_upload_request import StartUploadRequest


def _get_kwargs(
    *,
    body: StartUploadRequest,
) -> dict[str, Any]:

    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/files",
    }

    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | FileError | FileExists | None:
    from ...models.file_error import FileError
    from ...models.file_exists import FileExists

    if response.status_code == 302:
        response_302 = cast(Any, None)
        return response_302

    if response.status_code == 400:
        response_400 = FileError.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = FileError.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = FileError.from_dict(response.json())

        return response_403

    if response.status_code == 409:
        response_409 = FileExists.from_dict(response.json())

        return response_409

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
) -> Response[Any | FileError | FileExists]:
    return Response(
        status_code=response.status_code,
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: StartUploadRequest,
) -> Response[Any | FileError | FileExists]:
    """Start the upload of a file

     The first of three steps, for files of up to 5 GiB. The redirect names the new file and a presigned
    address on
    another host, and is not to be followed: the bytes go there in a PUT with Content-Length and with
    neither
    Authorization nor Content-Type. Then `preprocess_file` makes the file usable.

    Newer clients send the same fields as a multipart form.

    Args:
        body (StartUploadRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | FileError | FileExists]
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
    body: StartUploadRequest,
) -> Any | FileError | FileExists | None:
    """Start the upload of a file

     The first of three steps, for files of up to 5 GiB. The redirect names the new file and a presigned
    address on
    another host, and is not to be followed: the bytes go there in a PUT with Content-Length and with
    neither
    Authorization nor Content-Type. Then `preprocess_file` makes the file usable.

    Newer clients send the same fields as a multipart form.

    Args:
        body (StartUploadRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | FileError | FileExists
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: StartUploadRequest,
) -> Response[Any | FileError | FileExists]:
    """Start the upload of a file

     The first of three steps, for files of up to 5 GiB. The redirect names the new file and a presigned
    address on
    another host, and is not to be followed: the bytes go there in a PUT with Content-Length and with
    neither
    Authorization nor Content-Type. Then `preprocess_file` makes the file usable.

    Newer clients send the same fields as a multipart form.

    Args:
        body (StartUploadRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | FileError | FileExists]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: StartUploadRequest,
) -> Any | FileError | FileExists | None:
    """Start the upload of a file

     The first of three steps, for files of up to 5 GiB. The redirect names the new file and a presigned
    address on
    another host, and is not to be followed: the bytes go there in a PUT with Content-Length and with
    neither
    Authorization nor Content-Type. Then `preprocess_file` makes the file usable.

    Newer clients send the same fields as a multipart form.

    Args:
        body (StartUploadRequest):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | FileError | FileExists
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
