import { Injectable } from '@nestjs/common';
import { Interval, type RunContext } from '@carillon/scheduler';
import type { SampleDto } from '../samples/sample.dto.js';
import { SamplesRepository } from '../samples/samples.repository.js';
import type { Target } from '../targets/target.js';
import { Targets } from '../targets/targets.js';

/** Checks the targets. The return value of a check is its run's result, and appears in the log. */
@Injectable()
export class ChecksService {
  constructor(
    private readonly targets: Targets,
    private readonly samples: SamplesRepository,
  ) {}

  // #region readme
  @Interval('5s', { id: 'check-targets', timeout: '4s' })
  checkTargets(run: RunContext): Promise<string> {
    return this.checkAll(this.targets.steady(), run);
  }

  @Interval('7s', { id: 'check-flaky', timeout: '2s', retry: { attempts: 3, delay: '500ms' } })
  async checkFlaky(run: RunContext): Promise<string> {
    const sample = await this.check(this.targets.flaky(), run);
    if (!sample.up) throw new Error(describe(sample)); // so the run makes another attempt
    return describe(sample);
  }
  // #endregion

  private async checkAll(targets: Target[], run: RunContext): Promise<string> {
    const samples = await Promise.all(targets.map((target) => this.check(target, run)));
    return samples.map(describe).join(', ');
  }

  /** Never throws: a target that is down is a sample, not an error. */
  private async check(target: Target, run: RunContext): Promise<SampleDto> {
    const sample = { target: target.name, at: run.scheduledAt ?? new Date(), attempt: run.attempt };
    const startedAt = performance.now();
    const durationMs = (): number => Math.round(performance.now() - startedAt);
    try {
      const response = await fetch(target.url, { signal: run.signal });
      await response.body?.cancel();
      const { ok: up, status } = response;
      return this.samples.add({ ...sample, up, status, durationMs: durationMs(), error: null });
    } catch (error) {
      return this.samples.add({
        ...sample,
        up: false,
        status: null,
        durationMs: durationMs(),
        error: reason(error),
      });
    }
  }
}

function describe({ target, status, durationMs, error }: SampleDto): string {
  return status === null
    ? `${target} gave no answer (${error})`
    : `${target} answered ${status} in ${durationMs} ms`;
}

/** The message of `fetch` is "fetch failed"; its cause has the reason. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
