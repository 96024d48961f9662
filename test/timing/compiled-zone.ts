/** A compiled file with a block of 64-bit data, or of 32-bit data alone. */
export function compiled(
  types: readonly number[],
  transitions: readonly (readonly [at: number, type: number])[],
  footer: string | null,
): Uint8Array {
  const block = (size: 4 | 8): Buffer => {
    const header = Buffer.alloc(44);
    header.write('TZif');
    if (footer !== null) header.write('2', 4);
    [0, 0, 0, transitions.length, types.length, 4].forEach((count, index) =>
      header.writeUInt32BE(count, 20 + index * 4),
    );
    const times = Buffer.alloc(transitions.length * size);
    transitions.forEach(([at], index) => {
      if (size === 8) times.writeBigInt64BE(BigInt(at), index * 8);
      else times.writeInt32BE(Math.max(at, -(2 ** 31)), index * 4);
    });
    const kinds = Buffer.from(transitions.map(([, type]) => type));
    const records = types.map((offset) => {
      const record = Buffer.alloc(6);
      record.writeInt32BE(offset);
      return record;
    });
    return Buffer.concat([header, times, kinds, ...records, Buffer.from('LMT\0')]);
  };
  if (footer === null) return block(4);
  return Buffer.concat([block(4), block(8), Buffer.from(`\n${footer}\n`)]);
}
