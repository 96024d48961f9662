/** A 4-ary heap of slots by due instant, in typed arrays: 16 bytes an entry. */
export class DueHeap {
  size = 0;
  private due = new Float64Array(1_024);
  private heap = new Int32Array(1_024);
  private position = new Int32Array(1_024);

  earliest(): number {
    return this.size === 0 ? Infinity : this.due[this.heap[0]!]!;
  }

  earliestSlot(): number {
    return this.heap[0]!;
  }

  add(slot: number, dueAt: number): void {
    if (slot >= this.due.length) this.grow(slot);
    this.due[slot] = dueAt;
    this.up(this.size++, slot);
  }

  /** The earliest slot falls due anew, later than before. */
  postponeEarliest(dueAt: number): void {
    const slot = this.heap[0]!;
    this.due[slot] = dueAt;
    this.down(0, slot);
  }

  remove(slot: number): void {
    const at = this.position[slot]!;
    const last = this.heap[--this.size]!;
    if (last === slot) return;
    this.up(at, last);
    this.down(this.position[last]!, last);
  }

  private up(at: number, slot: number): void {
    const { due, heap, position } = this;
    const dueAt = due[slot]!;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const other = heap[parent]!;
      if (due[other]! <= dueAt) break;
      heap[at] = other;
      position[other] = at;
      at = parent;
    }
    heap[at] = slot;
    position[slot] = at;
  }

  private down(at: number, slot: number): void {
    const { due, heap, position, size } = this;
    const dueAt = due[slot]!;
    for (;;) {
      const first = at * 4 + 1;
      if (first >= size) break;
      let least = first;
      for (let child = first + 1; child < size && child < first + 4; child++)
        if (due[heap[child]!]! < due[heap[least]!]!) least = child;
      const other = heap[least]!;
      if (due[other]! >= dueAt) break;
      heap[at] = other;
      position[other] = at;
      at = least;
    }
    heap[at] = slot;
    position[slot] = at;
  }

  private grow(slot: number): void {
    const capacity = Math.max(slot + 1, this.due.length * 2);
    const wider = <T extends Float64Array | Int32Array>(to: T, from: T): T => (to.set(from), to);
    this.due = wider(new Float64Array(capacity), this.due);
    this.heap = wider(new Int32Array(capacity), this.heap);
    this.position = wider(new Int32Array(capacity), this.position);
  }
}
