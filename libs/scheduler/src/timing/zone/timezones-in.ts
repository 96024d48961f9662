/** Adds the zones that a trigger's JSON names, its parts included, to `zones`. */
export function timezonesIn(json: unknown, zones: Set<string>): void {
  if (typeof json !== 'object' || json === null) return;
  for (const [name, value] of Object.entries(json)) {
    if (name === 'timezone' && typeof value === 'string') zones.add(value);
    else timezonesIn(value, zones);
  }
}
