/** CPU time of this process (all its threads) since the call, in ms. */
export function cpuSince(): () => number {
  const begun = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1_000;
  };
}
