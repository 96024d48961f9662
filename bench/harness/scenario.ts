/** In the order of the table's columns. */
export const CONTENDERS = [
  'carillon',
  'limit',
  'limit (same rows)',
  'cron-schedule',
  'croner',
  'cron-parser',
  '@nestjs/schedule',
  'pg-boss',
  'graphile-worker',
  'bullmq',
  'agenda',
] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** How much a run takes on: `--quick` shrinks windows and leaves out what is slow. */
export interface Effort {
  quick: boolean;
  /** Runs of the past in the database, for the scenario about them. */
  historyRows: number;
  /** How long another transaction holds the horizon, for the scenario about it. */
  horizonMs: number;
}

/** One contender's share of a scenario, carried out in a fresh process. */
export interface Case<Input> {
  contender: ContenderName;
  /** Tells the cases of one contender apart; the first part of its measures' keys. */
  variant: string;
  input: Input;
  /** The process is ended after this; the case counts as failed. */
  limitMs: number;
}

/** Figures by measure, without the variant. Infinity: it did not happen while watched. */
export type Figures = Record<string, number>;

export interface Findings {
  figures: Figures;
  /** What a reader must know about these figures. */
  note?: string;
  /** Another repetition would end the same way: leave it out. */
  gaveUp?: boolean;
}

/** One row of the table. */
export interface Measure {
  /** `variant.figure` */
  key: string;
  title: string;
  unit: 'µs' | 'ms' | 's' | 'B' | 'MB' | '×' | 'ticks/s' | 'runs/s' | '';
  moreIsBetter?: true;
  targets?: Target[];
}

export type Target =
  | { atMost: number }
  | { atLeast: number; timesBetterThan?: undefined }
  | { timesBetterThan: ContenderName; atLeast: number };

export interface Scenario<Input = unknown> {
  name: string;
  title: string;
  /** About jobs in a database: has a table and a file of its own. */
  durable?: true;
  /** How it is measured, in a sentence or two for the reader of the results. */
  method: string;
  repeats: number;
  /** Its cases wait rather than work: those of one repetition run side by side. */
  sideBySide?: boolean;
  measures: Measure[];
  /** Called before each repetition. */
  cases(effort: Effort): Case<Input>[];
  /** Carries out one case; called in its own process. */
  run(input: Input, contender: ContenderName): Promise<Findings> | Findings;
}
