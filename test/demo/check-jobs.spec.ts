import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { schedulerCheck } from '@carillon/scheduler';
import { AppModule } from '../../apps/demo/src/app.module.js';
import { read } from '../docs/pages.js';

beforeEach(() => {
  vi.stubEnv('TIMEZONE', 'Europe/Berlin');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

it('finds the jobs of the demo as the guide shows them', async () => {
  const check = await schedulerCheck(AppModule, { from: new Date('2027-03-26T12:00:00Z') });
  expect(check.ok).toBe(true);
  const page = await read('docs/guides/checking-jobs.md');
  expect(page).toContain(`\`\`\`text\n${check}\n\`\`\``);
});
