import type { Scenario } from '../harness/scenario.js';
import { bulk } from './bulk.js';
import { burst } from './burst.js';
import { clockSteps } from './clock-steps.js';
import { dispatch } from './dispatch.js';
import { durableHistory } from './durable-history.js';
import { durableHorizon } from './durable-horizon.js';
import { durableLatency } from './durable-latency.js';
import { durableReplicas } from './durable-replicas.js';
import { durableThroughput } from './durable-throughput.js';
import { everyMinute } from './every-minute.js';
import { idle } from './idle.js';
import { longHorizon } from './long-horizon.js';
import { million } from './million.js';
import { nextDue } from './next-due.js';
import { planning } from './planning.js';
import { register } from './register.js';
import { suspension } from './suspension.js';

/** In the order of the table. */
export const SCENARIOS = [
  nextDue,
  register,
  million,
  planning,
  burst,
  everyMinute,
  idle,
  dispatch,
  longHorizon,
  clockSteps,
  suspension,
  bulk,
  durableThroughput,
  durableLatency,
  durableReplicas,
  durableHistory,
  durableHorizon,
] as Scenario[];
