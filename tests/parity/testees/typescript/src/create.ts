/**
 * Create exactly once, against a service that has no idempotency key: a create is repeated only when the service
 * cannot have acted on the last one; where it may have, the list tells, and where that cannot, an error does.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { BatchesError, statusError } from "./errors.js";
import type { Job } from "./models.js";
import { pause, type Outcome } from "./policy.js";
import type { Reply } from "./reading.js";

// The pauses between looks at the list, which was seen to lag behind.
const LOOKS_SECONDS = [0.5, 0.5, 1, 1, 2, 2, 4, 4];
// A Date header has whole seconds, and so may `created_at`.
const MARGIN_MS = 2_000;
// Without a Date header the two clocks may differ by more.
const UNKNOWN_SKEW_MS = 60_000;

export interface Create {
  fileId: string;
  endpoint: string;
  maxRetries: number;
  /** The jobs that earlier calls of this client got. */
  taken: Set<string>;
  send: () => Promise<Outcome>;
  read: (reply: Reply) => Job;
  list: () => Promise<{ jobs: Job[]; date: string | null }>;
}

export async function createOnce(create: Create): Promise<Job> {
  const started = { at: performance.now(), unix: Date.now() };
  for (let tries = 0; ; tries++) {
    const outcome = await create.send();
    let lost: unknown = "reply" in outcome ? null : outcome.failure;
    const accepted = "reply" in outcome && outcome.reply.status >= 200 && outcome.reply.status < 300;
    if (accepted) {
      try {
        const job = create.read(outcome.reply);
        create.taken.add(job.id);
        return job;
      } catch (error) {
        lost = error;
      }
    }
    let wait: number | null;
    if (!mayHaveActed(outcome)) {
      wait = pause(outcome, "unsent", tries, create.maxRetries);
      if (wait === null) throw asError(outcome);
    } else {
      if (!create.maxRetries) throw unknownFate(create, lost);
      const found = await look(create, started, lost);
      if (found) return found;
      // The service said yes: a job that the list does not show yet is likelier than none.
      wait = accepted ? null : pause(outcome, "safe", tries, create.maxRetries);
      if (wait === null) throw unknownFate(create, lost);
    }
    await sleep(wait * 1000);
  }
}

function mayHaveActed(outcome: Outcome): boolean {
  if (!("reply" in outcome)) return outcome.sent;
  const { status } = outcome.reply;
  return status < 300 || status === 408 || status >= 500;
}

/** The job of a create whose answer was lost, or null when the list does not show one for long enough. */
async function look(create: Create, started: { at: number; unix: number }, lost: unknown): Promise<Job | null> {
  for (const seconds of [...LOOKS_SECONDS, null]) {
    const listed = await create.list().catch((error: unknown) => {
      throw unknownFate(create, error);
    });
    const date = Date.parse(listed.date ?? "");
    // The beginning of the call, on the service's clock where it tells it.
    const after = Number.isNaN(date)
      ? started.unix - UNKNOWN_SKEW_MS
      : date - (performance.now() - started.at) - MARGIN_MS;
    const ours = listed.jobs.filter(
      (job) =>
        !create.taken.has(job.id) &&
        job.input_file_id === create.fileId &&
        job.endpoint === create.endpoint &&
        (job.created_at === null || Date.parse(job.created_at) >= after),
    );
    if (ours.some((job) => job.created_at === null)) throw unknownFate(create, lost);
    const [first] = ours.sort((a, b) => a.created_at!.localeCompare(b.created_at!));
    if (first) {
      create.taken.add(first.id);
      return first;
    }
    if (seconds !== null) await sleep(seconds * 1000);
  }
  return null;
}

function asError(outcome: Outcome): BatchesError {
  if ("reply" in outcome) return statusError("create", outcome.reply.status, outcome.reply.body);
  return new BatchesError("connection", "create: no answer", outcome.failure);
}

function unknownFate(create: Create, cause: unknown): BatchesError {
  const message = `create: a job for file ${create.fileId} may exist and cost money: look before you create again`;
  return new BatchesError("unknown_fate", message, cause);
}
