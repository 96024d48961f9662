/**
 * Awaits statements that are sent without waiting for each other. All of them are over when it returns, also when
 * one fails: none may come after the end of the transaction.
 *
 * @throws what the first of them that failed throws
 */
export async function inParallel<T extends readonly unknown[]>(
  statements: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const ended = await Promise.allSettled(statements);
  return ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  }) as { -readonly [K in keyof T]: Awaited<T[K]> };
}
