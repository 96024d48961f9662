const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Tells whether a signal to end the process will close the application. Nest does not say whether
 * its shutdown hooks are enabled, but its listeners are seen on the process: they come after this
 * object is made (while Nest builds the application, which is before anybody can enable the hooks).
 * What listened earlier counts only if it closes something: libraries listen to signals, too.
 */
export class SignalListeners {
  private readonly earlier = new Set(listeners());

  willClose(): boolean {
    return listeners().some((listener) => !this.earlier.has(listener) || /\bclose\(/.test(String(listener)));
  }
}

function listeners(): NodeJS.SignalsListener[] {
  return SIGNALS.flatMap((signal) => process.listeners(signal));
}
