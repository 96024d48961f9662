import { Inject, Injectable } from '@nestjs/common';
import {
  copyAsJson,
  HandlerNotDurableError,
  type HandlerDefinition,
  type HandlerReference,
  IF_TAKEN,
  type IfTaken,
  InvalidOptionsError,
  type Job,
  type JobEdit,
  type JobSpec,
  oneOf,
  POLICY_NAMES,
  readPolicies,
  readPolicyEdit,
  type RetryPolicy,
} from '../../model/index.js';
import { NeverFiresError, type Trigger } from '../../timing/index.js';
import { checkJobId, generateJobId } from '../discovery/job-id.js';
import type { AnyJobRequest, JobUpdate } from './job-request.js';
import { KnownNames } from './known-names.js';
import type { Parts } from '../parts.js';
import { checkGroup, type Settings } from '../scheduler-options.js';
import { SCHEDULER_PARTS, SCHEDULER_SETTINGS } from '../tokens.js';

/** A request, checked all but for a payload that has a class: that check takes a promise. */
export interface ReadRequest {
  readonly spec: JobSpec;
  readonly ifTaken: IfTaken;
  readonly definition: HandlerDefinition<never> | null;
}

/** An edit, checked likewise. `payload` is what the job will have. */
export interface ReadUpdate {
  readonly edit: JobEdit;
  readonly payload: unknown;
  readonly definition: HandlerDefinition<never> | null;
}

interface ResolvedHandler {
  readonly handler: HandlerReference;
  readonly definition: HandlerDefinition<never> | null;
}

const REQUEST_NAMES = new KnownNames([
  'id',
  'trigger',
  'handler',
  'payload',
  'disabled',
  'ifTaken',
  'transaction',
  ...POLICY_NAMES,
]);
const UPDATE_NAMES = new KnownNames(['trigger', 'handler', 'payload', 'disabled', ...POLICY_NAMES]);

/** Checks what callers of the service ask for. Fast: a hundred thousand jobs may be added in a row. */
@Injectable()
export class RequestReader {
  constructor(
    @Inject(SCHEDULER_PARTS) private readonly parts: Parts,
    @Inject(SCHEDULER_SETTINGS) private readonly settings: Settings,
  ) {}

  /** @throws the SchedulerError of the first thing wrong with it */
  readRequest(request: AnyJobRequest): ReadRequest {
    REQUEST_NAMES.check(
      request,
      "Give { trigger, handler }, for example { trigger: cron('0 3 * * *'), handler: 'send-report' }.",
    );
    const id = request.id === undefined ? generateJobId() : checkJobId(request.id);
    const { handler, definition } = this.resolveHandler(id, request.handler);
    const policies = readPolicies(request, this.settings.policies);
    checkGroup('group', policies.group, this.settings.concurrency);
    if (this.parts.engine.durable) refuseFunctions(policies.retry);
    else if (request.transaction !== undefined) {
      throw new InvalidOptionsError(
        'transaction',
        request.transaction,
        'Jobs in memory belong to no database: leave it out, or give the module a store.',
      );
    }
    const spec: JobSpec = {
      id,
      trigger: this.bind(id, request.trigger),
      handler,
      payload: request.payload === undefined ? undefined : copyAsJson(request.payload),
      policies,
      origin: 'added',
      disabled: request.disabled === undefined ? false : readBoolean('disabled', request.disabled),
    };
    const ifTaken = request.ifTaken === undefined ? 'error' : oneOf('ifTaken', request.ifTaken, IF_TAKEN);
    return { spec, ifTaken, definition };
  }

  /** @throws the SchedulerError of the first thing wrong with it */
  readUpdate(job: Job, update: JobUpdate): ReadUpdate {
    UPDATE_NAMES.check(update, "Give what shall change, for example { trigger: every('5m') }.");
    const { trigger, handler, disabled } = update;
    const resolved = handler === undefined ? null : this.resolveHandler(job.id, handler);
    const payload = update.payload === undefined ? job.payload : (copyAsJson(update.payload) ?? undefined);
    const policies = readPolicyEdit(update);
    if (policies?.group !== undefined) checkGroup('group', policies.group, this.settings.concurrency);
    if (policies?.retry !== undefined && this.parts.engine.durable) refuseFunctions(policies.retry);
    const edit: JobEdit = {
      ...(trigger === undefined ? {} : { trigger: this.bind(job.id, trigger) }),
      ...(resolved === null ? {} : { handler: resolved.handler }),
      ...(update.payload === undefined ? {} : { payload }),
      ...(policies === null ? {} : { policies }),
      ...(disabled === undefined ? {} : { disabled: readBoolean('disabled', disabled) }),
    };
    return { edit, payload, definition: resolved === null ? this.definitionOf(job) : resolved.definition };
  }

  /** The definition of a job's handler, if it has one with a class. */
  definitionOf(job: Job): HandlerDefinition<never> | null {
    return this.parts.handlers.get(job.handler)?.definition ?? null;
  }

  private resolveHandler(jobId: string, handler: unknown): ResolvedHandler {
    if (typeof handler === 'function') {
      if (this.parts.engine.durable) throw new HandlerNotDurableError(jobId);
      return { handler: handler as HandlerReference, definition: null };
    }
    const name =
      typeof handler === 'object' && handler !== null && 'name' in handler ? handler.name : handler;
    if (typeof name !== 'string' || name === '') {
      throw new InvalidOptionsError(
        'handler',
        handler,
        'Give a function, the name of a handler, or a definition made by defineHandler().',
      );
    }
    return { handler: name, definition: this.parts.handlers.require(name).definition };
  }

  private bind(jobId: string, trigger: unknown): Trigger {
    if (!isTrigger(trigger)) {
      throw new InvalidOptionsError(
        'trigger',
        trigger,
        "Wrap it: cron('0 3 * * *'), every('5m'), at(date) or after('30m').",
      );
    }
    const now = this.parts.clock.now();
    const bound = trigger.bind({ jobId, timezone: this.settings.timezone, anchorAt: now });
    if (bound.firstAt(now) !== null) return bound;
    throw new NeverFiresError(
      `The trigger of the job "${jobId}", ${bound.toString()}, has no tick any more.`,
      'Give it a later endAt, or none.',
    );
  }
}

/** A durable job is carried by any replica: what it says has to be stored. */
function refuseFunctions(retry: Partial<RetryPolicy>): void {
  const field =
    typeof retry.when === 'function'
      ? 'retry.when'
      : typeof retry.backoff === 'function'
        ? 'retry.backoff'
        : null;
  if (field === null) return;
  throw new InvalidOptionsError(
    field,
    retry.when ?? retry.backoff,
    'A function cannot be stored with a job that is added at run time. Decorated jobs may have one.',
  );
}

function isTrigger(value: unknown): value is Trigger {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Trigger>).nextAt === 'function' &&
    typeof (value as Partial<Trigger>).bind === 'function'
  );
}

function readBoolean(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionsError(field, value, 'Give true or false.');
}
