/**
 * However many ask at once, one question is on its way and one waits to be put: each caller's answer
 * is to a question that was put after the call.
 */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<unknown> | null = null;
  let next: Promise<T> | null = null;
  const put = (): Promise<T> => {
    next = null;
    const answer = ask();
    const asked = answer
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (asking === asked) asking = null;
      });
    asking = asked;
    return answer;
  };
  return () => {
    if (asking === null) return put();
    return (next ??= asking.then(put));
  };
}
