/** How answers are read: the status first, then the value, which has to be what the contract says. */
import { BatchesError, isObject, statusError } from "./errors.js";
import { file, job, type Job, type StoredFile } from "./models.js";

export interface Reply {
  status: number;
  headers: Headers;
  body: string;
}

export const ok = (reply: Reply): boolean => reply.status >= 200 && reply.status < 300;

export const failed = (doing: string, reply: Reply): BatchesError => statusError(doing, reply.status, reply.body);

export const replyError = (doing: string, reply: Reply, what: string): BatchesError =>
  new BatchesError("reply", `${doing}: ${what} (status ${reply.status})`);

function raise(error: Error): never {
  throw error;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function object(doing: string, reply: Reply): Record<string, unknown> {
  if (!ok(reply)) throw failed(doing, reply);
  const value = parsed(reply.body);
  return isObject(value) ? value : raise(replyError(doing, reply, "no JSON object"));
}

export function created(reply: Reply): Job {
  const answer = object("create", reply);
  return job(answer["job"], answer["warning"]) ?? raise(replyError("create", reply, "no job"));
}

/** Documented bare, and under `job` in some sources. */
export function bareJob(doing: string, reply: Reply): Job {
  const answer = object(doing, reply);
  return job("job" in answer ? answer["job"] : answer) ?? raise(replyError(doing, reply, "a job without an id"));
}

export function bareFile(doing: string, reply: Reply): StoredFile {
  return file(object(doing, reply)) ?? raise(replyError(doing, reply, "a file without an id"));
}

/** Some servers say null for none. */
export function jobs(reply: Reply): Job[] {
  if (!ok(reply)) throw failed("list", reply);
  const value = parsed(reply.body);
  const items = value === null ? [] : value;
  if (!Array.isArray(items)) throw replyError("list", reply, "no list of jobs");
  return items.map((item) => job(item) ?? raise(replyError("list", reply, "a job without an id")));
}

export function files(reply: Reply): StoredFile[] {
  const data = object("list_files", reply)["data"] ?? [];
  if (!Array.isArray(data)) throw replyError("list_files", reply, "no list of files");
  return data.map((item) => file(item) ?? raise(replyError("list_files", reply, "a file without an id")));
}

/** The id in a conflict that names the file with the same bytes. */
export function knownFile(reply: Reply): string | null {
  const value = parsed(reply.body);
  return isObject(value) && typeof value["file_id"] === "string" ? value["file_id"] : null;
}
