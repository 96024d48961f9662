import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The packages under libs/, each after those of ours that it needs. */
export function packages() {
  const found = readdirSync(join(root, 'libs'))
    .map((name) => join(root, 'libs', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }));
  const ours = new Map(found.map((pkg) => [pkg.manifest.name, pkg]));
  const ordered = new Set();
  const place = (pkg) => {
    const { dependencies, peerDependencies } = pkg.manifest;
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (ours.has(name)) place(ours.get(name));
    }
    ordered.add(pkg);
  };
  found.forEach(place);
  return [...ordered];
}
