import { Test } from '@nestjs/testing';
import {
  SCHEDULER_CLOCK,
  SchedulerModule,
  type SchedulerOptions,
  SchedulerService,
} from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';

/** The real module with a clock that stands still until it is moved. */
export async function openSteered(startAt: Date, options: SchedulerOptions = {}) {
  const clock = new ManualClock(startAt);
  const module = await Test.createTestingModule({
    imports: [SchedulerModule.forRoot({ log: false, ...options })],
  })
    .overrideProvider(SCHEDULER_CLOCK)
    .useValue(clock)
    .compile();
  await module.init();
  return { clock, service: module.get(SchedulerService) };
}
