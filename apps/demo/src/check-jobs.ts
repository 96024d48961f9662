// #region check
import { schedulerCheck } from '@carillon/scheduler';
import { AppModule } from './app.module.js';

const check = await schedulerCheck(AppModule);
console.log(check.toString());
process.exitCode = check.ok ? 0 : 1;
// #endregion
