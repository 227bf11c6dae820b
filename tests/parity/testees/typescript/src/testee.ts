/** Reads calls as lines of JSON, carries them out with the facade, writes what came of each. */
import { createInterface } from "node:readline";
import { Batches } from "./client.js";
import { BatchesError } from "./errors.js";

interface Call {
  id: number;
  operation: string;
  arguments: Record<string, string>;
  config: { base_url: string; api_key: string; max_retries?: number; timeout_seconds?: number };
}

const operations: Record<string, (client: Batches, given: Record<string, string>) => Promise<unknown>> = {
  create_batch: (client, given) => client.create(given["file_id"]!, given["endpoint"]!),
  get_batch: (client, given) => client.get(given["id"]!),
  list_batches: (client) => client.list(),
  cancel_batch: (client, given) => client.cancel(given["id"]!),
  upload: (client, given) => client.upload(given["path"]!, given["purpose"]),
  list_files: (client) => client.listFiles(),
  retrieve: (client, given) => client.retrieve(given["id"]!),
  delete: (client, given) => client.delete(given["id"]!),
};

async function answer(call: Call): Promise<object> {
  try {
    const client = new Batches({
      apiKey: call.config.api_key,
      baseUrl: call.config.base_url,
      ...(call.config.max_retries !== undefined && { maxRetries: call.config.max_retries }),
      ...(call.config.timeout_seconds !== undefined && { timeoutSeconds: call.config.timeout_seconds }),
    });
    return { id: call.id, value: await operations[call.operation]!(client, call.arguments) };
  } catch (error) {
    if (!(error instanceof BatchesError)) throw error;
    return { id: call.id, error: { kind: error.kind, message: error.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as Call | { hello: unknown };
  const reply =
    "hello" in message
      ? { testee: "typescript", version: "0.1.0", operations: Object.keys(operations) }
      : await answer(message);
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
