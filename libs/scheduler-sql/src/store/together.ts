/**
 * Statements that are sent without waiting for each other. All of them are over when it answers, also when one
 * fails: none may come after the end of the transaction.
 *
 * @throws what the first of them that failed throws
 */
export async function together<T extends readonly unknown[]>(
  statements: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const ends = await Promise.allSettled(statements);
  return ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  }) as { -readonly [K in keyof T]: Awaited<T[K]> };
}
