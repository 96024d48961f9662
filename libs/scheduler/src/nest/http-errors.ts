import { IntrinsicException } from '@nestjs/common';
import { SchedulerError } from '../model/index.js';

/**
 * Lets Nest answer a SchedulerError with its own status and message, as it does by the shape of the
 * error, without logging it as a failure of the application: Nest's default filter is quiet about
 * an IntrinsicException only. The rooms below know no Nest, so the class is put into the prototype
 * chain from here; nothing else about SchedulerError changes.
 */
export function answerSchedulerErrors(): void {
  if (SchedulerError.prototype instanceof IntrinsicException) return;
  Object.setPrototypeOf(SchedulerError.prototype, IntrinsicException.prototype);
}
