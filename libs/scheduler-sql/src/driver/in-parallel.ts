/**
 * Awaits statements that are sent without waiting for each other. Waits for all of them, also when one fails: none
 * may arrive after the end of the transaction.
 *
 * @throws the error of the first statement in the list that failed
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
