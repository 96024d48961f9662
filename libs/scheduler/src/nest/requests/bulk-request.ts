import {
  InvalidJobsError,
  InvalidOptionsError,
  JobIdTakenError,
  SchedulerError,
  type WrongRequest,
} from '../../model/index.js';
import type { JobPut } from '../../ports/index.js';
import { checkPayload } from '../../runner/index.js';
import { readSafely } from './arguments.js';
import type { AnyJobRequest } from './job-request.js';
import type { ReadRequest, RequestReader } from './request-reader.js';

/** The most jobs that one call of `addJobs` adds. */
export const MOST_ADDED = 10_000;

/**
 * Checks the requests of `addJobs`, all of them before any job is put.
 *
 * @throws InvalidJobsError for wrong requests, InvalidOptionsError for what is no list of requests or a too long one
 */
export async function readRequests(reader: RequestReader, requests: unknown): Promise<readonly JobPut[]> {
  const list = listOf(requests);
  const wrong: WrongRequest[] = [];
  const read = readEach(reader, list, wrong);
  refuseRepeated(read, wrong);
  for (let index = 0; index < read.length; index++) {
    const item = read[index]!;
    // Awaits no promise without need: a call may add thousands of jobs.
    if (item === null || item.definition === null || item.definition.payloadClass === null) continue;
    const { definition, spec } = item;
    await checkPayload(definition, spec.payload).catch((error: unknown) => note(error, index, wrong));
  }
  if (wrong.length > 0) throw invalid(wrong, list.length);
  return read as ReadRequest[];
}

/** The error of `addJobs` when ids are taken. */
export function idsTaken(taken: readonly string[], puts: readonly JobPut[]): InvalidJobsError {
  const ids = new Set(taken);
  const wrong = puts.flatMap(({ spec: { id } }, index) =>
    ids.has(id) ? { index, error: new JobIdTakenError(id) } : [],
  );
  return invalid(wrong, puts.length);
}

function listOf(requests: unknown): readonly AnyJobRequest[] {
  return readSafely(() => {
    if (!Array.isArray(requests))
      throw new InvalidOptionsError('requests', requests, 'Give an array of requests as for addJob().');
    const { length } = requests;
    if (length <= MOST_ADDED) return Array.from(requests as AnyJobRequest[]);
    const fact = `addJobs got ${length} requests, and one call adds at most ${MOST_ADDED}.`;
    throw new InvalidOptionsError('requests.length', length, 'Split them into several calls.', fact);
  });
}

/** Ids that two requests of the call have. */
function refuseRepeated(read: (ReadRequest | null)[], wrong: WrongRequest[]): void {
  const firstIndex = new Map<string, number>();
  read.forEach((item, index) => {
    if (item === null) return;
    const { id } = item.spec;
    const first = firstIndex.get(id);
    if (first === undefined) return void firstIndex.set(id, index);
    const fact = `The id "${id}" is also that of requests[${first}].`;
    const error = new InvalidOptionsError('id', id, 'Give each job of the call its own id.', fact);
    wrong.push({ index, error });
    read[index] = null;
  });
}

/** Null for a request that is wrong. */
function readEach(
  reader: RequestReader,
  requests: readonly AnyJobRequest[],
  wrong: WrongRequest[],
): (ReadRequest | null)[] {
  return requests.map((request, index) => {
    try {
      return reader.readItem(request);
    } catch (error) {
      note(error, index, wrong);
      return null;
    }
  });
}

function note(error: unknown, index: number, wrong: WrongRequest[]): void {
  if (!(error instanceof SchedulerError)) throw error;
  wrong.push({ index, error });
}

function invalid(wrong: WrongRequest[], of: number): InvalidJobsError {
  return new InvalidJobsError(
    wrong.sort((one, other) => one.index - other.index),
    of,
  );
}
