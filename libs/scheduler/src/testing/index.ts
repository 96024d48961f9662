export { ManualClock } from './manual-clock.js';
export {
  type TestingBuilder,
  TimeMachine,
  type TimeMachineOptions,
  type UpcomingTick,
} from './time-machine.js';
export { TimeTravelError } from './time-travel-error.js';
