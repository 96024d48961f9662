/** In the order of the table's columns. */
export const CONTENDERS = [
  'carillon',
  'limit',
  'cron-schedule',
  'croner',
  'cron-parser',
  '@nestjs/schedule',
] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** How much a run takes on: `--quick` shrinks windows and leaves out what is slow. */
export interface Effort {
  quick: boolean;
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
  unit: 'µs' | 'ms' | 's' | 'B' | '×' | 'ticks/s' | '';
  targets?: Target[];
}

export type Target = { atMost: number } | { timesBetterThan: ContenderName; atLeast: number };

export interface Scenario<Input = unknown> {
  name: string;
  title: string;
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
