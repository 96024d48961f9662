import { Injectable } from '@nestjs/common';
import type { SampleDto } from './sample.dto.js';

/** About three days of the default checks. */
const MOST_SAMPLES = 100_000;

/** Keeps the samples in memory, oldest first. */
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

  /** Deletes older samples and returns their number. */
  purgeBefore(instant: Date): number {
    const before = this.samples.length;
    this.samples = this.samples.filter((sample) => sample.at >= instant);
    return before - this.samples.length;
  }
}
