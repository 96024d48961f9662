import { SCENARIOS } from '../scenarios/index.js';
import type { ContenderName } from './scenario.js';

/** What a case's process is sent, and what it answers with. */
export interface Order {
  scenario: string;
  contender: ContenderName;
  input: unknown;
}

// Whoever ordered is gone: nobody waits for an answer.
process.once('disconnect', () => process.exit(1));
process.once('message', (order: Order) => {
  const scenario = SCENARIOS.find(({ name }) => name === order.scenario)!;
  Promise.resolve(scenario.run(order.input, order.contender)).then(
    (findings) => process.send!(findings, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
