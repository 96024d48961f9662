import { Injectable } from '@nestjs/common';
import type { SampleDto } from './sample.dto.js';

/** About three days of the checks that run by default. */
const MOST_SAMPLES = 100_000;

/** The samples, oldest first, in memory. */
@Injectable()
export class SamplesRepository {
  private samples: SampleDto[] = [];

  add(sample: SampleDto): SampleDto {
    this.samples.push(sample);
    if (this.samples.length > MOST_SAMPLES) this.samples.shift();
    return sample;
  }

  all(): readonly SampleDto[] {
    return this.samples;
  }

  /** Newest first. */
  latest(limit: number, target?: string): SampleDto[] {
    const wanted =
      target === undefined ? this.samples : this.samples.filter((sample) => sample.target === target);
    return wanted.slice(-limit).toReversed();
  }

  /** Forgets what is older, and tells how many that were. */
  purgeBefore(instant: Date): number {
    const before = this.samples.length;
    this.samples = this.samples.filter((sample) => sample.at >= instant);
    return before - this.samples.length;
  }
}
