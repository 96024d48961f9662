import { describe, expect, it } from 'vitest';
import cases from '../../../test-data/suspicious-expressions.json' with { type: 'json' };
import { cron, InvalidCronError, NeverFiresError, type CronTrigger } from '../index.js';

interface Verdict {
  expr?: unknown;
  category: string;
  verdict: string;
  code: string;
}

const LONG_TEXTS = [
  '0,'.repeat(600) + '0 * * * *',
  ' '.repeat(1030) + '0 0 * * *',
  '0 0 * * *' + ' '.repeat(1030),
  '*'.repeat(1100),
  '9'.repeat(1100) + ' * * * *',
  '@' + 'd'.repeat(1100),
  '(('.repeat(600),
  'H('.repeat(600),
  '1-'.repeat(600) + '2 * * * *',
  '* '.repeat(600),
  '\u0665'.repeat(1100),
];
let longs = 0;
const verdicts = (cases as Verdict[]).map((one) => ({
  ...one,
  expr: one.category === 'long' ? LONG_TEXTS[longs++] : one.expr,
}));

/** Where our reason differs from the suggested one, because it says more exactly what is wrong. */
const OUR_REASON: Record<string, string> = {
  '* * * * -1': 'BAD_RANGE',
  'NaN * * * *': 'UNKNOWN_NAME',
  '1;2 * * * *': 'BAD_VALUE',
  '1|2 * * * *': 'BAD_VALUE',
  hasOwnProperty: 'FIELD_COUNT',
  '0 0 * * 1-5L': 'BAD_LAST',
  '0 0 * * 5#L': 'BAD_NTH',
};

function attempt(expression: unknown): CronTrigger | Error {
  try {
    return cron(expression as string, { timezone: 'UTC', seed: 'a job' });
  } catch (error) {
    return error as Error;
  }
}

function judged(expression: unknown): { verdict: string; codes: string[] } {
  const result = attempt(expression);
  if (result instanceof NeverFiresError) return { verdict: 'error', codes: ['NEVER_FIRES'] };
  if (result instanceof InvalidCronError) return { verdict: 'error', codes: [result.reason] };
  if (result instanceof Error) throw result;
  const codes = result.warnings.map(({ code }) => code as string);
  return codes.length > 0 ? { verdict: 'warn', codes } : { verdict: 'ok', codes: ['OK'] };
}

describe('suspicious-expressions.json', () => {
  it('is there in full, with a text for each of the long ones', () => {
    expect(verdicts).toHaveLength(186);
    expect(longs).toBe(LONG_TEXTS.length);
  });

  it.each(verdicts)('$verdict $code: $expr', ({ expr, verdict, code }) => {
    const result = judged(expr);
    expect(result.verdict).toBe(verdict);
    expect(result.codes).toContain(OUR_REASON[expr as string] ?? code);
  });

  it('agrees with the suggested codes but for a few told apart more finely', () => {
    const differing = verdicts
      .filter(({ expr, code }) => !judged(expr).codes.includes(code))
      .map(({ expr }) => expr);
    expect(new Set(differing)).toEqual(new Set(Object.keys(OUR_REASON)));
  });

  const refused = verdicts.filter(({ verdict }) => verdict === 'error');

  it.each(refused)('tells what else to write: $expr', ({ expr }) => {
    const error = attempt(expr) as InvalidCronError | NeverFiresError;
    expect(error.statusCode).toBe(422);
    expect(error.expected!.length).toBeGreaterThan(3);
    expect(error.message).toContain(error.expected);
  });

  const wholes = new Set(['NOT_STRING', 'EMPTY', 'TOO_LONG']);
  it.each(refused.filter(({ code }) => !wholes.has(code)))('points at what is wrong: $expr', ({ expr }) => {
    const { text, position } = attempt(expr) as InvalidCronError | NeverFiresError;
    expect((expr as string).slice(position!, position! + text!.length)).toBe(text);
  });

  const inField = new Set(['BAD_CHAR', 'FIELD_COUNT', 'UNKNOWN_ALIAS']);
  const withField = refused.filter(
    ({ expr, code }) =>
      !wholes.has(code) && !inField.has(code) && String(expr).trim().split(/\s+/).length > 4,
  );
  it.each(withField)('names the field: $expr', ({ expr }) => {
    const { field, message } = attempt(expr) as InvalidCronError | NeverFiresError;
    expect(field).toMatch(/^(second|minute|hour|dayOfMonth|month|dayOfWeek)$/);
    expect(message).toContain(`"${field}"`);
  });

  it.each(verdicts.filter(({ verdict }) => verdict === 'warn'))(
    'points at what it warns of: $expr',
    ({ expr }) => {
      for (const { text, position, message, field } of (attempt(expr) as CronTrigger).warnings) {
        expect((expr as string).slice(position!, position! + text.length)).toBe(text);
        expect(message).toContain(field);
      }
    },
  );
});
