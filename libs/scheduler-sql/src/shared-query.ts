/**
 * Lets any number of callers share a query: one is on its way and one waits to be sent, so that each caller's result
 * is of a query that was sent after the call.
 */
export function sharedQuery<T>(send: () => Promise<T>): () => Promise<T> {
  let onItsWay: Promise<unknown> | null = null;
  let next: Promise<T> | null = null;
  const start = (): Promise<T> => {
    next = null;
    const result = send();
    const ended = result
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (onItsWay === ended) onItsWay = null;
      });
    onItsWay = ended;
    return result;
  };
  return () => {
    if (onItsWay === null) return start();
    return (next ??= onItsWay.then(start));
  };
}
