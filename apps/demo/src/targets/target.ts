/** Something that is watched over HTTP. */
export interface Target {
  name: string;
  url: string;
}

/**
 * Reads `name=url, name=url`; an entry without a name is called by its host.
 * @param refuse makes the error for an entry that cannot be read
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
        'Give http addresses parted by commas, for example TARGETS=docs=https://docs.nestjs.com.',
      );
    }
    return { name: match?.[1] ?? new URL(url).host, url };
  });
}
