/** What can go wrong, by what a caller can do about it. */
export type Kind =
  | "invalid_argument" | "auth" | "not_found" | "conflict" | "rate_limit" | "client"
  | "server" | "connection" | "reply" | "unknown_fate";

export class BatchesError extends Error {
  constructor(readonly kind: Kind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** The error for an answer with an error status, in the service's words. */
export function statusError(doing: string, status: number, body: string): BatchesError {
  const kind =
    status === 401 || status === 403 ? "auth"
    : status === 404 ? "not_found"
    : status === 409 ? "conflict"
    : status === 429 ? "rate_limit"
    : status >= 500 ? "server"
    : "client";
  return new BatchesError(kind, `${doing}: ${status} ${words(body)}`.trimEnd());
}

/** Batches say `{"error": "text"}`, files `{"error": {"message": "text"}}`; the edge sends pages. */
function words(body: string): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return /^\s*</.test(body) ? "an HTML page" : body.slice(0, 300);
  }
  for (let depth = 0; depth < 4 && isObject(value); depth++) {
    value = value["error"] ?? value["message"] ?? value["detail"];
  }
  return typeof value === "string" ? value.slice(0, 300) : "";
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
