/** What people write most, from every half minute to once a month. */
export const COMMON_EXPRESSIONS = [
  '*/30 * * * * *',
  '* * * * *',
  '*/5 * * * *',
  '0 * * * *',
  '*/15 8-18 * * 1-5',
  '0 0 * * *',
  '30 2 * * *',
  '0 9 * * 1-5',
  '0 4 * * 0',
  '0 0 1 * *',
] as const;

/** Daily at hours that are far from now, so that nothing falls due while it is measured. UTC. */
function farHour(index: number): number {
  return (new Date().getUTCHours() + 2 + (index % 20)) % 24;
}

/** Ten expressions, over and over. */
export function repeatedExpression(index: number): string {
  return `${(index % 10) * 6} ${farHour(index % 10)} * * *`;
}

/** Another text for each index, up to 72,000 × 127. */
export function uniqueExpression(index: number): string {
  const second = index % 60;
  const minute = Math.floor(index / 60) % 60;
  const weekdays = [...Array(7).keys()].filter((day) => ((Math.floor(index / 72_000) + 1) >> day) & 1);
  return `${second} ${minute} ${farHour(Math.floor(index / 3_600))} * * ${index < 72_000 ? '*' : weekdays.join(',')}`;
}
