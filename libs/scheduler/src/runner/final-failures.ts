const final = new WeakSet<object>();

/** No attempt follows one that failed with this very error, whatever `retry` says. */
export function withoutRetry<E extends object>(error: E): E {
  final.add(error);
  return error;
}

export function forbidsRetry(error: unknown): boolean {
  return typeof error === 'object' && error !== null && final.has(error);
}
