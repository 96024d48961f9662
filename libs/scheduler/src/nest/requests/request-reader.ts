import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  checkName,
  copyAsJson,
  editPolicies,
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
  readFlag,
  readNamed,
  readPolicies,
  readPolicyEdit,
  refuseGenerator,
  type RetryPolicy,
} from '../../model/index.js';
import { NeverFiresError, type Trigger } from '../../timing/index.js';
import { generateJobId } from '../discovery/ids.js';
import { jitterWarning } from '../discovery/trigger-warnings.js';
import { readSafely } from './arguments.js';
import type { AnyJobRequest, JobUpdate } from './job-request.js';
import type { Runtime } from '../runtime.js';
import { checkPolicies } from '../concurrency-limits.js';
import type { Settings } from '../scheduler-options.js';
import { SCHEDULER_RUNTIME, SCHEDULER_SETTINGS } from '../tokens.js';

/** A checked request. The caller checks the payload against the definition's class, which takes a promise. */
export interface ReadRequest {
  readonly spec: JobSpec;
  readonly ifTaken: IfTaken;
  readonly definition: HandlerDefinition<never> | null;
}

/** A checked edit. `payload` is the job's payload after it; the caller checks it as for a request. */
export interface ReadUpdate {
  readonly edit: JobEdit;
  readonly payload: unknown;
  readonly definition: HandlerDefinition<never> | null;
}

interface ResolvedHandler {
  readonly handler: HandlerReference;
  readonly definition: HandlerDefinition<never> | null;
}

const UPDATE_NAMES = ['trigger', 'handler', 'payload', 'disabled', ...POLICY_NAMES];
const REQUEST_NAMES = ['id', 'ifTaken', 'transaction', ...UPDATE_NAMES];

/** Checks the requests of the service's callers. Fast: a hundred thousand jobs may be added in a row. */
@Injectable()
export class RequestReader {
  private readonly logger = new Logger('Scheduler');

  constructor(
    @Inject(SCHEDULER_RUNTIME) private readonly runtime: Runtime,
    @Inject(SCHEDULER_SETTINGS) private readonly settings: Settings,
  ) {}

  /** @throws a SchedulerError for the first mistake */
  readRequest(request: AnyJobRequest): ReadRequest {
    return readSafely(() => this.checkRequest(request));
  }

  /** As `readRequest`, for one of many: the transaction is an option of the call. */
  readItem(request: AnyJobRequest): ReadRequest {
    return readSafely(() => {
      const read = this.checkRequest(request);
      if (request.transaction === undefined) return read;
      throw new InvalidOptionsError(
        'transaction',
        request.transaction,
        'Give it once: addJobs(requests, { transaction }).',
      );
    });
  }

  /** @throws InvalidOptionsError for a transaction where jobs live in memory */
  checkTransaction(transaction: unknown): void {
    if (transaction === undefined || this.runtime.engine.durable) return;
    throw new InvalidOptionsError(
      'transaction',
      transaction,
      'Jobs in memory belong to no database: leave it out, or give the module a store.',
    );
  }

  /** @throws a SchedulerError for the first mistake */
  readUpdate(job: Job, update: JobUpdate): ReadUpdate {
    return readSafely(() => this.checkUpdate(job, update));
  }

  private checkRequest(request: AnyJobRequest): ReadRequest {
    readNamed(
      request,
      REQUEST_NAMES,
      "Give { trigger, handler }, for example { trigger: cron('0 3 * * *'), handler: 'send-report' }.",
    );
    const id = request.id === undefined ? generateJobId() : checkName('id', request.id);
    const { handler, definition } = this.resolveHandler(id, request.handler);
    const policies = readPolicies(request, this.settings.policies);
    checkPolicies(request, policies, this.settings);
    if (this.runtime.engine.durable) refuseFunctions(policies.retry);
    this.checkTransaction(request.transaction);
    const spec: JobSpec = {
      id,
      trigger: this.bind(id, request.trigger),
      handler,
      payload: copyAsJson(request.payload, this.settings.maxPayloadBytes),
      policies,
      origin: 'added',
      disabled: request.disabled === undefined ? false : readFlag('disabled', request.disabled),
    };
    const ifTaken = request.ifTaken === undefined ? 'error' : oneOf('ifTaken', request.ifTaken, IF_TAKEN);
    return { spec, ifTaken, definition };
  }

  private checkUpdate(job: Job, update: JobUpdate): ReadUpdate {
    readNamed(update, UPDATE_NAMES, "Give what shall change, for example { trigger: every('5m') }.");
    const { trigger, handler, disabled } = update;
    const resolved = handler === undefined ? null : this.resolveHandler(job.id, handler);
    const payload =
      update.payload === undefined
        ? job.payload
        : (copyAsJson(update.payload, this.settings.maxPayloadBytes) ?? undefined);
    const policies = readPolicyEdit(update);
    if (policies !== null) checkPolicies(update, editPolicies(job.policies, policies), this.settings);
    if (policies?.retry !== undefined && this.runtime.engine.durable) refuseFunctions(policies.retry);
    const edit: JobEdit = {
      ...(trigger === undefined ? {} : { trigger: this.bind(job.id, trigger) }),
      ...(resolved === null ? {} : { handler: resolved.handler }),
      ...(update.payload === undefined ? {} : { payload }),
      ...(policies === null ? {} : { policies }),
      ...(disabled === undefined ? {} : { disabled: readFlag('disabled', disabled) }),
    };
    return { edit, payload, definition: resolved === null ? this.definitionOf(job) : resolved.definition };
  }

  /** The definition of the job's handler; null when it has no payload class. */
  definitionOf(job: Job): HandlerDefinition<never> | null {
    return this.runtime.handlers.get(job.handler)?.definition ?? null;
  }

  private resolveHandler(jobId: string, handler: unknown): ResolvedHandler {
    if (typeof handler === 'function') {
      refuseGenerator(handler);
      if (this.runtime.engine.durable) throw new HandlerNotDurableError(jobId);
      return { handler: handler as HandlerReference, definition: null };
    }
    const name =
      typeof handler === 'object' && handler !== null && 'name' in handler ? handler.name : handler;
    if (typeof name !== 'string') {
      throw new InvalidOptionsError(
        'handler',
        handler,
        'Give a function, the name of a handler, or a definition made by defineHandler().',
      );
    }
    return {
      handler: name,
      definition: this.runtime.handlers.require(checkName('handler', name)).definition,
    };
  }

  private bind(jobId: string, trigger: unknown): Trigger {
    if (!isTrigger(trigger)) {
      throw new InvalidOptionsError(
        'trigger',
        trigger,
        "Wrap it: cron('0 3 * * *'), every('5m'), at(date) or after('30m').",
      );
    }
    const now = this.runtime.clock.now();
    const bound = trigger.bind({ jobId, timezone: this.settings.timezone, anchorAt: now });
    const warning = jitterWarning(`the job "${jobId}"`, bound, now);
    if (warning !== null) this.logger.warn(warning.message);
    if (bound.firstAt(now) !== null) return bound;
    throw new NeverFiresError(
      `The trigger of the job "${jobId}", ${bound.toString()}, has no tick any more.`,
      'Give it a later endAt, or none.',
    );
  }
}

/** Any replica may run a durable job, so all of it must be storable. */
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

const METHODS = [
  'bind',
  'firstAt',
  'nextAt',
  'prevAt',
  'delayAt',
  'countBetween',
  'toJSON',
] as const satisfies readonly (keyof Trigger)[];

/** A trigger may be made by another copy of this package, which has classes of its own. */
function isTrigger(value: unknown): value is Trigger {
  if (typeof value !== 'object' || value === null) return false;
  const trigger = value as Partial<Record<keyof Trigger, unknown>>;
  return METHODS.every((name) => typeof trigger[name] === 'function');
}
