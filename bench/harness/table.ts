import type { ScenarioResult } from './run-scenario.js';
import { CONTENDERS, type ContenderName, type Measure, type Target } from './scenario.js';
import { median } from './statistics.js';

type Samples = Map<ContenderName, number[]>;

/** One Markdown table over the scenarios, its columns padded so that it also reads in a terminal. */
export function renderTable(results: readonly ScenarioResult[]): string {
  const contenders = CONTENDERS.filter((name) =>
    results.some(({ samples }) => [...samples.values()].some((row) => row.has(name))),
  );
  const rows = [['', 'unit', ...contenders, 'target', 'verdict']];
  for (const { scenario, samples } of results) {
    rows.push([`**${scenario.title}**`, ...Array<string>(contenders.length + 3).fill('')]);
    for (const measure of scenario.measures) {
      const found = samples.get(measure.key);
      if (!found) continue;
      const targets = measure.targets ?? [];
      rows.push([
        measure.title,
        measure.unit,
        ...contenders.map((contender) => cell(found.get(contender))),
        targets.map((target) => describeTarget(target)).join('<br>'),
        targets.map((target) => verdict(target, found, measure)).join('<br>'),
      ]);
    }
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(
    (row) => `| ${row.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`,
  );
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return lines.join('\n');
}

/** The targets that this run measured and missed. */
export function missedTargets(results: readonly ScenarioResult[]): string[] {
  return results.flatMap(({ scenario, samples }) =>
    scenario.measures.flatMap((measure) =>
      (measure.targets ?? []).flatMap((target) => {
        const says = verdict(target, samples.get(measure.key) ?? new Map(), measure);
        return says.startsWith('not met')
          ? [`${scenario.title}, ${measure.title}: ${describeTarget(target)} ${says}`]
          : [];
      }),
    ),
  );
}

/** Median, and min and max where there was more than one sample. */
function cell(values: number[] | undefined): string {
  if (!values) return '–';
  if (values.length === 1) return figure(values[0]!);
  return `${figure(median(values))} (${figure(Math.min(...values))}–${figure(Math.max(...values))})`;
}

function figure(value: number): string {
  if (!Number.isFinite(value)) return 'not seen';
  const digits =
    Number.isInteger(value) || Math.abs(value) >= 100
      ? 0
      : Math.abs(value) >= 10
        ? 1
        : Math.abs(value) >= 1
          ? 2
          : 3;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

function describeTarget(target: Target): string {
  if ('atMost' in target) return `≤ ${figure(target.atMost)}`;
  const than = target.timesBetterThan === undefined ? '' : ` × ${target.timesBetterThan}`;
  return `≥ ${figure(target.atLeast)}${than}`;
}

function verdict(target: Target, samples: Samples, measure: Measure): string {
  const ours = samples.get('carillon');
  if (!ours) return 'not measured';
  const value = median(ours);
  if ('atMost' in target) {
    if (value <= target.atMost)
      return value === 0 ? 'met' : `met, ${figure((100 * value) / target.atMost)}% of it`;
    return target.atMost === 0
      ? `not met, by ${figure(value)} ${measure.unit}`.trim()
      : `not met, ${figure(value / target.atMost)} times it`;
  }
  if (target.timesBetterThan === undefined) {
    return `${value >= target.atLeast ? 'met' : 'not met'}, ${figure(value / target.atLeast)} times it`;
  }
  const theirs = samples.get(target.timesBetterThan);
  if (!theirs) return 'not measured';
  const times = measure.moreIsBetter ? value / median(theirs) : median(theirs) / value;
  return `${times >= target.atLeast ? 'met' : 'not met'}, ${figure(times)} ×`;
}
