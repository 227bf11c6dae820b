/** When to try again, and after how long: from facts to a decision. */
import type { Reply } from "./reading.js";

/** What an attempt came to: an answer, or none; `sent` is false only when nothing can have reached the service. */
export type Outcome = { reply: Reply } | { failure: unknown; sent: boolean };

/** `safe`: repeating does no harm. `unsent`: it does, unless the service cannot have acted. */
export type Repeat = "safe" | "unsent";

const BASE_SECONDS = 0.5;
const CAP_SECONDS = 8;
const RETRY_AFTER_CAP_SECONDS = 60;

/** The seconds to wait before the next try, or null when there shall be none; `attempt` counts from 0. */
export function pause(outcome: Outcome, repeat: Repeat, attempt: number, maxRetries: number): number | null {
  if (attempt >= maxRetries || !mayRepeat(outcome, repeat)) return null;
  const jitter = Math.random() * Math.min(CAP_SECONDS, BASE_SECONDS * 2 ** attempt);
  const asked = "reply" in outcome ? retryAfter(outcome.reply.headers) : null;
  if (asked === null) return jitter;
  return asked > RETRY_AFTER_CAP_SECONDS ? null : asked + jitter;
}

export function mayRepeat(outcome: Outcome, repeat: Repeat): boolean {
  if (!("reply" in outcome)) return repeat === "safe" || !outcome.sent;
  const { status, headers } = outcome.reply;
  if (status === 425 || status === 429) return true;
  if (repeat === "unsent") return false;
  if (status === 409) return headers.has("retry-after") || headers.get("x-should-retry") === "true";
  return status === 408 || status >= 500;
}

function retryAfter(headers: Headers): number | null {
  const milliseconds = number(headers.get("retry-after-ms"));
  if (milliseconds !== null) return milliseconds / 1000;
  const text = headers.get("retry-after");
  const seconds = number(text);
  if (seconds !== null || text === null) return seconds;
  const until = Date.parse(text);
  // The date is on the service's clock, which may not be ours.
  const now = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(until) ? null : Math.max(0, (until - (Number.isNaN(now) ? Date.now() : now)) / 1000);
}

function number(text: string | null): number | null {
  return text !== null && /^\s*\d+(\.\d*)?\s*$/.test(text) ? Number(text) : null;
}
