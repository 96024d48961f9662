/** An HTTP address to check. */
export interface Target {
  name: string;
  url: string;
}

/**
 * Reads `name=url, name=url`. The default name is the host.
 * @param refuse returns the error for a malformed entry
 */
export function readTargets(text: string, refuse: (entry: string, remedy: string) => Error): Target[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return entries.map((entry) => {
    const match = /^(?:([\w.-]+)=)?(https?:\/\/.+)$/.exec(entry);
    const url = match?.[2] ?? '';
    if (!URL.canParse(url)) {
      throw refuse(
        entry,
        'Give http addresses separated by commas, for example TARGETS=docs=https://docs.nestjs.com.',
      );
    }
    return { name: match?.[1] ?? new URL(url).host, url };
  });
}
