import { Global, Module } from '@nestjs/common';
import { cron, InvalidTimezoneError, type Store } from '@carillon/scheduler';
import { readStore } from './store.js';
import { readTargets, type Target } from './targets/target.js';

/** The environment variables, checked once at start. */
export class Settings {
  /** 0: the system chooses. */
  port!: number;
  /** Zone of the daily report's days. */
  timezone!: string;
  /** Targets besides the demo's own health. */
  targets!: readonly Target[];
  /** Keeps jobs and runs; undefined for memory. */
  store!: Store | undefined;
}

/** An unusable environment variable. Its message suffices for the user. */
export class SettingsError extends Error {
  constructor(variable: string, value: string, remedy: string) {
    super(`The environment variable ${variable} is ${JSON.stringify(value)}. ${remedy}`);
  }
}

/** The store's address. Default: a file in the working directory. */
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
    // The scheduler accepts fixed offsets; the formatter of the report's days does not.
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
