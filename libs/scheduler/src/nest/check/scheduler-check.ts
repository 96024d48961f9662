import type { DynamicModule, InjectionToken, Type } from '@nestjs/common';
import { SystemClock } from '../../engine/index.js';
import { InvalidOptionsError, SchedulerError } from '../../model/index.js';
import { checkPayload } from '../../runner/index.js';
import type { HandlerDefinition } from '../../model/index.js';
import type { Trigger } from '../../timing/index.js';
import { ApplicationPlan } from './application-plan.js';
import { CheckReport, type CheckedJob, type CheckFinding, type SchedulerCheck } from './check-report.js';
import type { DeclaringMethod } from '../discovery/decorated-methods.js';
import { isFactory, type ProviderLookup, tokensOf } from '../decorators/decorator-factory.js';
import { checkGlobalEnhancers } from '../enhancers/enhancer-checks.js';
import { findOwnModule } from '../lifecycle/own-module.js';
import { type FoundJob, readMethod } from '../discovery/read-method.js';
import { readOptions, type Settings } from '../scheduler-options.js';
import { TakenNames } from '../discovery/taken-names.js';
import { triggerWarnings } from '../discovery/trigger-warnings.js';
import { SCHEDULER_SETTINGS } from '../tokens.js';

/** Number of instants listed for each job. */
const LISTED = 5;

/**
 * Checks all decorated jobs of an application without starting it, for CI: calls no hook, opens no
 * store and runs no job. Creates only the providers that the module's options and the decorators
 * inject, so it misses the jobs of objects that other factories make.
 *
 * Rejects only for modules that Nest cannot resolve; everything else is a finding.
 *
 * @param options.from the listed instants are after this one; default: now
 */
export async function schedulerCheck(
  module: Type | DynamicModule,
  options: { from?: Date } = {},
): Promise<SchedulerCheck> {
  const { from = new Date(new SystemClock().now()) } = options;
  if (!(from instanceof Date) || Number.isNaN(from.getTime())) {
    throw new InvalidOptionsError('from', from, 'Give a Date.');
  }
  return new Check(await ApplicationPlan.of(module), from.getTime()).run();
}

class Check {
  private readonly names = new TakenNames();
  private readonly definitions = new Map<string, HandlerDefinition<never>>();
  private readonly made = new Map<Module, Map<InjectionToken, Made>>();
  private readonly jobs: CheckedJob[] = [];
  private readonly errors: CheckFinding[] = [];
  private readonly warnings: CheckFinding[] = [];

  constructor(
    private readonly plan: ApplicationPlan,
    private readonly fromAt: number,
  ) {}

  async run(): Promise<SchedulerCheck> {
    const settings = await this.readSettings();
    for (const method of this.plan.methods()) await this.readMethod(method, settings);
    return new CheckReport(this.jobs, this.errors, this.warnings, settings.timezone);
  }

  /** Returns the defaults when the module's options are wrong, so that the jobs are checked all the same. */
  private async readSettings(): Promise<Settings> {
    try {
      const host = findOwnModule(this.plan.modules);
      const settings = (await this.plan.make(SCHEDULER_SETTINGS, host)) as Settings;
      if (settings.globalEnhancers) checkGlobalEnhancers(this.plan.config);
      return settings;
    } catch (error) {
      this.errors.push(finding('SchedulerModule', error));
      return readOptions({});
    }
  }

  private async readMethod(method: DeclaringMethod, settings: Settings): Promise<void> {
    await this.makeInjected(method);
    const declared = readMethod(method, settings, this.lookUp);
    for (const one of declared) {
      if (one.kind === 'mistake') this.errors.push(finding(method.place, one.error));
      if (one.kind === 'handler') this.contain(method.place, () => this.takeHandler(method, one.definition));
    }
    for (const one of declared) {
      if (one.kind !== 'job') continue;
      try {
        await this.readJob(method, one.found, settings);
      } catch (error) {
        this.errors.push(finding(method.place, error));
      }
    }
  }

  /** Creates the providers that the method's factories inject, before they are called. */
  private async makeInjected({ declarations, host }: DeclaringMethod): Promise<void> {
    const made = this.made.get(host) ?? new Map<InjectionToken, Made>();
    this.made.set(host, made);
    for (const { args } of declarations) {
      for (const token of injectedBy(args)) {
        if (made.has(token)) continue;
        const value = await this.plan.make(token, host).then(
          (provider): Made => ({ provider }),
          (error: unknown): Made => ({ error }),
        );
        made.set(token, value);
      }
    }
  }

  private readonly lookUp: ProviderLookup = (token, host) => {
    const made = this.made.get(host)!.get(token)!;
    if ('error' in made) throw made.error;
    return made.provider;
  };

  private takeHandler(method: DeclaringMethod, definition: HandlerDefinition<never>): void {
    if (!this.names.takeHandler(definition.name, method)) return;
    if (definition.payloadClass !== null) this.definitions.set(definition.name, definition);
  }

  private async readJob(method: DeclaringMethod, found: FoundJob, settings: Settings): Promise<void> {
    const { id, place, handler, job } = found;
    this.names.takeId(id, place);
    this.takeHandler(method, { name: handler, payloadClass: null });
    const definition = this.definitions.get(handler);
    if (definition) await checkPayload(definition, job.payload);
    const unbound =
      job.trigger.counts === 'byTheClock' ? job.trigger.trigger : job.trigger.triggerAt(this.fromAt);
    const trigger = unbound.bind({ jobId: id, timezone: settings.timezone, anchorAt: this.fromAt });
    const next = this.instantsOf(trigger, job.policies.maxRuns);
    for (const warning of triggerWarnings(`the job "${id}"`, trigger, this.fromAt)) {
      this.warnings.push({ place, ...warning });
    }
    if (job.hasUnref) {
      this.warnings.push({
        place,
        code: 'UNREF_IGNORED',
        message: `unrefTimeout of the job "${id}" is ignored.`,
      });
    }
    const { disabled } = job;
    this.jobs.push({ id, place, handler, trigger: trigger.toString(), disabled, next: disabled ? [] : next });
  }

  private instantsOf(trigger: Trigger, maxRuns: number | null): Date[] {
    const instants: Date[] = [];
    let at = trigger.firstAt(this.fromAt);
    while (at !== null && instants.length < Math.min(LISTED, maxRuns ?? LISTED)) {
      instants.push(new Date(at));
      at = trigger.nextAt(at);
    }
    return instants;
  }

  private contain(place: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.errors.push(finding(place, error));
    }
  }
}

type Module = DeclaringMethod['host'];
type Made = { readonly provider: unknown } | { readonly error: unknown };

/** Returns no token of a malformed factory: reading the decorator reports it. */
function injectedBy(args: readonly unknown[]): InjectionToken[] {
  if (!isFactory(args)) return [];
  try {
    return tokensOf(args).map(({ token }) => token);
  } catch {
    return [];
  }
}

function finding(place: string, error: unknown): CheckFinding {
  const message = error instanceof Error ? error.message : String(error);
  return { place, code: error instanceof SchedulerError ? error.code : null, message };
}
