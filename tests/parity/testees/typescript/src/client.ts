/** Create, get, list, cancel and upload over a client that is generated from the contract. */
import { stat } from "node:fs/promises";
import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import createClient, { type Client } from "openapi-fetch";
import { checkedBaseUrl, checkedEndpoint, checkedId, escaped, presigned } from "./checks.js";
import type { paths } from "./contract.js";
import { createOnce } from "./create.js";
import { BatchesError, statusError } from "./errors.js";
import type { Job, StoredFile } from "./models.js";
import { mayRepeat, pause, type Outcome } from "./policy.js";
import { bareFile, bareJob, created, failed, files, jobs, knownFile, object, ok, replyError } from "./reading.js";
import type { Reply } from "./reading.js";

// The service has no other.
const COMPLETION_WINDOW = "24h";
const SINGLE_UPLOAD_BYTES = 5 * 1024 ** 3;
const PRESIGNED_REFUSED = new Set([400, 401, 403, 404, 410]);
// What fetch says when nothing was sent.
const NEVER_SENT = new Set([
  "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT",
]);

export interface Options {
  apiKey: string;
  /** With or without `/v1`. */
  baseUrl: string;
  timeoutSeconds?: number;
  maxRetries?: number;
}

interface Tried {
  reply: Reply;
  /** Whether an earlier try may have been acted on. */
  repeated: boolean;
}

type Answer = Promise<{ data?: unknown; error?: unknown; response: Response }>;

export class Batches {
  readonly maxRetries: number;
  private readonly timeout: number;
  private readonly key: string;
  private readonly baseUrl: string;
  private readonly api: Client<paths>;
  private readonly jobsTaken = new Set<string>();
  private creating: Promise<unknown> = Promise.resolve();

  constructor(options: Options) {
    this.maxRetries = options.maxRetries ?? 4;
    this.timeout = Math.ceil((options.timeoutSeconds ?? 60) * 1000);
    this.baseUrl = checkedBaseUrl(options.baseUrl);
    this.key = options.apiKey.trim();
    if (!/^[!-~]+$/.test(this.key)) throw new BatchesError("invalid_argument", "the API key is blank or no key");
    this.api = createClient<paths>({
      baseUrl: this.baseUrl,
      headers: {
        Authorization: `Bearer ${this.key}`,
        "User-Agent": "together-batches-typescript/0.1.0",
        Accept: "application/json",
      },
      // A redirect is an answer here, and must never carry the key elsewhere.
      fetch: (request) => fetch(request, { redirect: "manual", signal: AbortSignal.timeout(this.timeout) }),
      pathSerializer: (path, values) =>
        path.replace(/\{(\w+)\}/g, (_, name: string) => escaped(String(values[name]))),
    });
  }

  /**
   * Creates one job, exactly, or throws.
   * Creates of one client wait for one another, so that none takes another's job.
   */
  async create(fileId: string, endpoint: string): Promise<Job> {
    const body = {
      input_file_id: checkedId(fileId),
      endpoint: checkedEndpoint(endpoint),
      completion_window: COMPLETION_WINDOW,
    };
    const turn = this.creating.then(() =>
      createOnce({
        fileId,
        endpoint,
        maxRetries: this.maxRetries,
        taken: this.jobsTaken,
        send: () => this.send(() => this.api.POST("/batches", { body, parseAs: "text" })),
        read: (reply) => created(reply),
        list: async () => {
          const { reply } = await this.attempt("list", () => this.api.GET("/batches", { parseAs: "text" }));
          return { jobs: jobs(reply), date: reply.headers.get("date") };
        },
      }),
    );
    this.creating = turn.catch(() => undefined);
    return turn;
  }

  async get(id: string): Promise<Job> {
    const params = { path: { id: checkedId(id) } };
    const { reply } = await this.attempt("get", () => this.api.GET("/batches/{id}", { params, parseAs: "text" }));
    return bareJob("get", reply);
  }

  async list(): Promise<Job[]> {
    const { reply } = await this.attempt("list", () => this.api.GET("/batches", { parseAs: "text" }));
    return jobs(reply);
  }

  /** Cancels; a repeated cancel that meets the success of the first tells of it. */
  async cancel(id: string): Promise<Job> {
    const params = { path: { id: checkedId(id) } };
    const { reply, repeated } = await this.attempt("cancel", () =>
      this.api.POST("/batches/{id}/cancel", { params, parseAs: "text" }),
    );
    if (repeated && reply.status === 409) {
      const now = await this.get(id);
      if (now.status === "CANCELLED" || now.status === "CANCELING") return now;
    }
    return bareJob("cancel", reply);
  }

  /** Uploads a file: announced to the service, sent to the address that it names, then made usable. */
  async upload(path: string, purpose = "batch-api"): Promise<StoredFile> {
    const name = basename(path);
    const fileType = /\.(jsonl|parquet|csv)$/i.exec(name)?.[1]?.toLowerCase();
    if (!fileType) throw new BatchesError("invalid_argument", `${name} ends in none of .jsonl, .parquet, .csv`);
    const about = await stat(path).catch(() => null);
    if (!about?.isFile()) throw new BatchesError("invalid_argument", `${name} is not a file`);
    if (!about.size || about.size > SINGLE_UPLOAD_BYTES) {
      throw new BatchesError("invalid_argument", `${name} is empty, or too large for one request`);
    }
    const body = { purpose, file_name: name, file_type: fileType };
    for (let tries = 0; ; tries++) {
      const ticket = await this.startUpload(body);
      if (ticket.url === null) return this.retrieve(ticket.fileId);
      // Reading a blob of a file that has changed fails.
      const bytes = await openAsBlob(path);
      const { reply } = await this.attempt("upload", () => this.put(ticket.url!, bytes));
      if (PRESIGNED_REFUSED.has(reply.status) && tries < this.maxRetries) continue;
      // The words of storage may quote what was signed.
      if (!ok(reply)) throw statusError("upload: storage", reply.status, "");
      const params = { path: { id: checkedId(ticket.fileId) } };
      const { reply: last } = await this.attempt("upload", () =>
        this.api.POST("/files/{id}/preprocess", { params, parseAs: "text" }),
      );
      const stored = bareFile("upload", last);
      if (stored.bytes !== null && stored.bytes !== about.size) {
        throw new BatchesError("reply", `upload: the service holds ${stored.bytes} bytes of ${about.size}`);
      }
      return stored;
    }
  }

  async listFiles(): Promise<StoredFile[]> {
    const { reply } = await this.attempt("list_files", () => this.api.GET("/files", { parseAs: "text" }));
    return files(reply);
  }

  async retrieve(id: string): Promise<StoredFile> {
    const params = { path: { id: checkedId(id) } };
    const { reply } = await this.attempt("retrieve", () => this.api.GET("/files/{id}", { params, parseAs: "text" }));
    return bareFile("retrieve", reply);
  }

  /** Deletes; a repeated delete that finds nothing is done. */
  async delete(id: string): Promise<{ id: string; deleted: boolean }> {
    const params = { path: { id: checkedId(id) } };
    const { reply, repeated } = await this.attempt("delete", () =>
      this.api.DELETE("/files/{id}", { params, parseAs: "text" }),
    );
    if (repeated && reply.status === 404) return { id, deleted: true };
    const answer = object("delete", reply);
    return { id: String(answer["id"] || id), deleted: answer["deleted"] !== false };
  }

  private async startUpload(body: { purpose: string; file_name: string; file_type: string }) {
    const { reply } = await this.attempt("upload", () =>
      this.api.POST("/files", {
        body,
        parseAs: "text",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
      }),
    );
    const known = reply.status === 409 ? knownFile(reply) : null;
    if (known) return { fileId: known, url: null };
    if (reply.status !== 302) {
      throw ok(reply) ? replyError("upload", reply, "no place to send the bytes to") : failed("upload", reply);
    }
    const fileId = reply.headers.get("x-together-file-id");
    const location = reply.headers.get("location");
    if (!fileId || !location) throw replyError("upload", reply, "a redirect without Location or X-Together-File-Id");
    return { fileId, url: presigned(location, `${this.baseUrl}/files`) };
  }

  /** Sends the bytes to a presigned address: without the key, and without a Content-Type that was not signed. */
  private async put(url: string, body: Blob): Answer {
    const timeout = this.timeout + Math.ceil(body.size / 1000);
    const signal = AbortSignal.timeout(timeout);
    const response = await fetch(url, { method: "PUT", body, redirect: "manual", signal });
    return { error: await response.text(), response };
  }

  /** Repeats what is safe to repeat. */
  private async attempt(doing: string, call: () => Answer): Promise<Tried> {
    let repeated = false;
    for (let tries = 0; ; tries++) {
      const outcome = await this.send(call);
      const wait = pause(outcome, "safe", tries, this.maxRetries);
      if (wait !== null) {
        repeated ||= !mayRepeat(outcome, "unsent");
        await sleep(wait * 1000);
      } else if ("reply" in outcome) {
        return { reply: outcome.reply, repeated };
      } else {
        throw new BatchesError("connection", `${doing}: no answer`, outcome.failure);
      }
    }
  }

  private async send(call: () => Answer): Promise<Outcome> {
    try {
      const { data, error, response } = await call();
      const answer = data ?? error ?? "";
      let body = typeof answer === "string" ? answer : JSON.stringify(answer);
      // What a service says of an error may repeat the key.
      if (!response.ok) body = body.replaceAll(this.key, "[key]");
      return { reply: { status: response.status, headers: response.headers, body } };
    } catch (failure) {
      // What fetch throws: the one when there was no answer, the other when there was none in time.
      if (!(failure instanceof TypeError || failure instanceof DOMException)) throw failure;
      const cause = failure.cause as { code?: string; name?: string } | undefined;
      if (cause?.name === "NotReadableError") {
        throw new BatchesError("reply", "upload: the file changed while it was sent", failure);
      }
      return { failure, sent: !NEVER_SENT.has(cause?.code ?? "") };
    }
  }
}
