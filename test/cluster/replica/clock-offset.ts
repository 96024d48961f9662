/** A machine whose clock is off, and may be set while it runs: before anything reads it. */
const machineNow = Date.now.bind(Date);
let offsetMs = Number(process.env['CLOCK_OFFSET_MS'] ?? 0);

Date.now = () => machineNow() + offsetMs;

export function stepClock(ms: number): void {
  offsetMs += ms;
}
