export { ManualClock } from './manual-clock.js';
export {
  storeContract,
  type StoreCase,
  type StoreContractOptions,
  type StoreHome,
} from './store-contract/store-contract.js';
export {
  type TestingBuilder,
  TimeMachine,
  type TimeMachineOptions,
  type UpcomingTick,
} from './time-machine.js';
export { TimeTravelError } from './time-travel-error.js';
