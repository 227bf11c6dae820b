/** From the JSON of a reply to the values that users hold: what is absent, null or of another type becomes null. */
import type { components } from "./contract.js";
import { isObject } from "./errors.js";

type Wire = components["schemas"];
export type Status = NonNullable<Wire["BatchJob"]["status"]>;

export interface Job {
  id: string;
  user_id: string | null;
  input_file_id: string | null;
  file_size_bytes: number | null;
  /** One of `Status`, or what this version does not know. */
  status: Status | (string & {}) | null;
  job_deadline: string | null;
  created_at: string | null;
  endpoint: string | null;
  progress: number;
  model_id: string | null;
  output_file_id: string | null;
  error_file_id: string | null;
  error: string | null;
  completed_at: string | null;
  warning: string | null;
}

export interface StoredFile {
  id: string;
  filename: string | null;
  bytes: number | null;
  purpose: string | null;
  /** Seconds since 1970. */
  created_at: number | null;
  object: string | null;
  file_type: string | null;
  processed: boolean | null;
  line_count: number | null;
}

/** The fields that the contract gives an object; what stands in them is looked at before it is believed. */
function fields<T>(raw: unknown): { [Name in keyof T]?: unknown } | null {
  return isObject(raw) ? (raw as { [Name in keyof T]?: unknown }) : null;
}

/** The job that a reply describes, or null where it has no id. */
export function job(raw: unknown, warning: unknown = null): Job | null {
  const sent = fields<Wire["BatchJob"]>(raw);
  const id = identity(sent?.id);
  if (!sent || id === null) return null;
  return {
    id,
    user_id: text(sent.user_id),
    input_file_id: text(sent.input_file_id),
    file_size_bytes: whole(sent.file_size_bytes),
    status: text(sent.status),
    job_deadline: moment(sent.job_deadline),
    created_at: moment(sent.created_at),
    endpoint: text(sent.endpoint),
    progress: typeof sent.progress === "number" ? sent.progress : 0,
    model_id: text(sent.model_id),
    output_file_id: text(sent.output_file_id),
    error_file_id: text(sent.error_file_id),
    error: text(sent.error),
    completed_at: moment(sent.completed_at),
    warning: text(warning),
  };
}

/** The file that a reply describes, or null where it has no id. */
export function file(raw: unknown): StoredFile | null {
  const sent = fields<Wire["File"]>(raw);
  const id = identity(sent?.id);
  if (!sent || id === null) return null;
  return {
    id,
    filename: text(sent.filename),
    bytes: whole(sent.bytes),
    purpose: text(sent.purpose),
    created_at: typeof sent.created_at === "number" ? sent.created_at : null,
    object: text(sent.object),
    file_type: text(sent.FileType),
    processed: typeof sent.Processed === "boolean" ? sent.Processed : null,
    line_count: whole(sent.LineCount),
  };
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const whole = (value: unknown): number | null => (Number.isInteger(value) ? (value as number) : null);

/** Ids are opaque: a number is one as good as any. */
function identity(value: unknown): string | null {
  if (Number.isInteger(value)) return String(value);
  return text(value) || null;
}

const ISO = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/** A time of ISO 8601, with a fraction and an offset of any length, as RFC 3339 in UTC with microseconds. */
export function moment(value: unknown): string | null {
  const found = typeof value === "string" ? ISO.exec(value.trim()) : null;
  if (!found) return null;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", offset = "Z"] = found;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const milliseconds = Date.parse(`${local}Z`);
  // Date.parse takes 30 February for 1 March.
  if (Number.isNaN(milliseconds) || !new Date(milliseconds).toISOString().startsWith(local)) return null;
  const digits = offset.toUpperCase() === "Z" ? "0000" : offset.slice(1).replace(":", "").padEnd(4, "0");
  const east = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * (offset.startsWith("-") ? -1 : 1);
  const utc = new Date(milliseconds - east * 60_000).toISOString().slice(0, 19);
  return `${utc}.${fraction.slice(0, 6).padEnd(6, "0")}Z`;
}
