import type { Scenario } from '../harness/scenario.js';
import { burst } from './burst.js';
import { clockSteps } from './clock-steps.js';
import { dispatch } from './dispatch.js';
import { everyMinute } from './every-minute.js';
import { idle } from './idle.js';
import { longHorizon } from './long-horizon.js';
import { nextDue } from './next-due.js';
import { register } from './register.js';
import { suspension } from './suspension.js';

/** In the order of the table. */
export const SCENARIOS = [
  nextDue,
  register,
  burst,
  everyMinute,
  idle,
  dispatch,
  longHorizon,
  clockSteps,
  suspension,
] as Scenario[];
