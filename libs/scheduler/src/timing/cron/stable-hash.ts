/**
 * FNV-1a over UTF-16 units, 32 bits, with a final mix that makes low bits as good as high ones. Never
 * change it: the `H` values and delays of stored jobs follow from it.
 */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}
