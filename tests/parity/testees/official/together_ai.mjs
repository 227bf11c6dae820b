// The parity testee over Together's own TypeScript client, `together-ai`, as it is.
// Its upload is left out: it sends to a fixed address, whatever base URL the client was given.
import dns from "node:dns";
import { createInterface } from "node:readline";
import { readFile, writeFile } from "node:fs/promises";
import Together from "together-ai";

const { version } = JSON.parse(await readFile(new URL("node_modules/together-ai/package.json", import.meta.url)));

// Lets the client look up, and so reach, no other machine than this by its name.
const lookup = dns.lookup;
dns.lookup = (host, ...rest) => {
  if (host === "localhost") return lookup(host, ...rest);
  return rest.at(-1)(new Error(`a parity testee may not leave this machine: ${host}`));
};

const TIMES = ["created_at", "completed_at", "job_deadline"];
const JOB = [
  "id", "user_id", "input_file_id", "file_size_bytes", "status", "endpoint", "progress", "model_id",
  "output_file_id", "error_file_id", "error", "warning", ...TIMES,
];
const FILE = ["id", "filename", "bytes", "purpose", "created_at"];

/** What is absent is undefined there, which JSON cannot say. */
const nulls = (names) => Object.fromEntries(names.map((name) => [name, null]));

/** A job as it came, with its times, which stay texts, in the form of the vectors. */
function job(sent) {
  if (sent === null || typeof sent !== "object" || Array.isArray(sent)) return sent;
  const times = TIMES.filter((name) => typeof sent[name] === "string" && !Number.isNaN(Date.parse(sent[name])));
  return { ...nulls(JOB), ...sent, ...Object.fromEntries(times.map((name) => [name, micros(sent[name])])) };
}

function micros(text) {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  return `${new Date(Date.parse(text)).toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, "0")}Z`;
}

const file = ({ FileType = null, Processed = null, LineCount = null, ...rest }) => ({
  ...nulls(FILE), ...rest, file_type: FileType, processed: Processed, line_count: LineCount,
});

const operations = {
  create_batch: async (client, { file_id, endpoint }) => {
    const { job: created, warning } = await client.batches.create({ input_file_id: file_id, endpoint });
    return { ...job(created), warning: warning ?? null };
  },
  get_batch: async (client, { id }) => job(await client.batches.retrieve(id)),
  list_batches: async (client) => {
    const listed = await client.batches.list();
    return Array.isArray(listed) ? listed.map(job) : listed;
  },
  cancel_batch: async (client, { id }) => job(await client.batches.cancel(id)),
  list_files: async (client) => (await client.files.list()).data.map(file),
  retrieve: async (client, { id }) => file(await client.files.retrieve(id)),
  delete: (client, { id }) => client.files.delete(id),
  retrieve_content: async (client, { id, output }) => {
    const content = Buffer.from(await (await client.files.content(id)).arrayBuffer());
    if (!output) return { content_base64: content.toString("base64") };
    await writeFile(output, content);
    return { path: output };
  },
};

function kind(error) {
  const byStatus = { 401: "auth", 403: "auth", 404: "not_found", 409: "conflict", 429: "rate_limit" };
  if (error instanceof Together.APIConnectionError) return "connection";
  if (error instanceof Together.APIError && error.status) {
    return error.status >= 500 ? "server" : (byStatus[error.status] ?? "client");
  }
  if (error instanceof SyntaxError) return "reply";
  // What fetch throws when an answer is cut.
  if (error instanceof TypeError && error.message === "terminated") return "connection";
  return error instanceof Together.TogetherError ? "invalid_argument" : "unexpected";
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  const answer = { id: message.id };
  if (message.hello) {
    Object.assign(answer, { testee: "together-ai", version, operations: Object.keys(operations) });
  } else {
    try {
      const { base_url: baseURL, api_key: apiKey, max_retries: maxRetries, timeout_seconds } = message.config;
      const client = new Together({ baseURL, apiKey, maxRetries, timeout: timeout_seconds * 1000 });
      answer.value = (await operations[message.operation](client, message.arguments)) ?? null;
    } catch (error) {
      answer.error = { kind: kind(error), message: `${error?.name}: ${error?.message}` };
    }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
