import { Global, Module } from '@nestjs/common';
import { cron, InvalidTimezoneError, type Store } from '@carillon/scheduler';
import { readStore } from './store.js';
import { readTargets, type Target } from './targets/target.js';

/** What the environment says, checked once at start. */
export class Settings {
  /** 0 lets the system choose. */
  port!: number;
  /** Where the daily report's day begins and ends. */
  timezone!: string;
  /** Checked besides the demo's own health. */
  targets!: readonly Target[];
  /** Where jobs and runs are kept; undefined for this process's memory. */
  store!: Store | undefined;
}

/** An environment variable that cannot be used; its message is all that a user needs to see. */
export class SettingsError extends Error {
  constructor(variable: string, value: string, remedy: string) {
    super(`The environment variable ${variable} is ${JSON.stringify(value)}. ${remedy}`);
  }
}

/** What the environment says of the store: unless told otherwise a file beside where the demo is started. */
export function storeIn(env: NodeJS.ProcessEnv): string {
  return env['STORE'] ?? 'sqlite:jobs.db';
}

/** @throws SettingsError naming the variable */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    port: readPort(env['PORT'] ?? '3000'),
    timezone: readTimezone(env['TIMEZONE'] ?? Intl.DateTimeFormat().resolvedOptions().timeZone),
    targets: readTargets(env['TARGETS'] ?? '', (text, remedy) => new SettingsError('TARGETS', text, remedy)),
    store: readStore(storeIn(env), (text, remedy) => new SettingsError('STORE', text, remedy)),
  };
}

function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new SettingsError('PORT', text, 'Give a number from 0 to 65535, for example PORT=3001.');
}

function readTimezone(text: string): string {
  let near: readonly string[] = [];
  try {
    cron('5 0 * * *', { timezone: text });
    // The scheduler takes fixed offsets too, the report's days do not.
    if (/^[A-Z]/i.test(text)) return text;
  } catch (error) {
    if (error instanceof InvalidTimezoneError) near = error.suggestions;
  }
  const remedy =
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'Give a name such as Europe/Berlin or UTC.';
  throw new SettingsError('TIMEZONE', text, remedy);
}

@Global()
@Module({
  providers: [{ provide: Settings, useFactory: () => readSettings(process.env) }],
  exports: [Settings],
})
export class SettingsModule {}
