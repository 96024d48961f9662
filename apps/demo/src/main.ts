import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { StoreUnavailableError } from '@carillon/scheduler';
import { DatabaseTooOldError, DriverMissingError, SchemaTooNewError } from '@carillon/sql';
import { AppModule } from './app.module.js';
import { checkInput, describeApi } from './http.js';
import { readSettings, type Settings, SettingsError, storeIn } from './settings.js';
import { withoutPassword } from './store.js';

/** Errors of a missing or unsuitable database. */
const OF_THE_STORE = [StoreUnavailableError, DriverMissingError, DatabaseTooOldError, SchemaTooNewError];

async function start({ port, timezone }: Settings): Promise<void> {
  const app = await NestFactory.create(AppModule);
  checkInput(app);
  describeApi(app);
  app.enableShutdownHooks();
  try {
    await app.listen(port);
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port: chosen } = app.getHttpServer().address() as AddressInfo;
  const url = `http://localhost:${chosen}`;
  process.stdout.write(`
  The uptime monitor is at ${url}, its API at ${url}/docs
  The first checks show below within seconds; the daily report is due at 00:05 ${timezone}.
  Jobs and their runs are kept in ${storeAddress()}. Try:

    curl ${url}/jobs
    curl ${url}/schedule -H 'content-type: application/json' -d '{ "task_name": "ping", "interval": 5 }'
    curl '${url}/jobs/check-flaky/runs?limit=4'

  Ctrl-C stops it, after the runs at work have ended.

`);
}

function storeAddress(): string {
  return withoutPassword(storeIn(process.env));
}

/** Returns one line for an error that the user can fix; any other error keeps its stack. */
function explain(error: unknown): unknown {
  if (error instanceof SettingsError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `The port ${process.env['PORT'] ?? 3000} is taken. Choose another one: PORT=3001 npm start`;
  }
  if (error instanceof Error && OF_THE_STORE.some((kind) => error instanceof kind)) {
    return `The environment variable STORE is "${storeAddress()}". ${error.message}`;
  }
  return error;
}

try {
  await start(readSettings(process.env));
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
