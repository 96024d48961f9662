const ARITY = 4;
const ABSENT = -1;

/**
 * Slots (small whole numbers, chosen by the caller) ordered by instant: a 4-ary heap in typed arrays, 16
 * bytes an entry. Equal instants come out in the order of their slots.
 */
export class InstantQueue {
  private size = 0;
  private instants = new Float64Array(64);
  private slots = new Int32Array(64);
  /** Position of each slot in the heap, or ABSENT. */
  private positions = new Int32Array(64).fill(ABSENT);

  get length(): number {
    return this.size;
  }

  has(slot: number): boolean {
    return slot < this.positions.length && this.positions[slot] !== ABSENT;
  }

  /** The instant of a slot; null when it is not queued. */
  instantOf(slot: number): number | null {
    return this.has(slot) ? this.instants[this.positions[slot]] : null;
  }

  /** The earliest instant; null when the queue is empty. */
  earliest(): number | null {
    return this.size === 0 ? null : this.instants[0];
  }

  /** The slot of the earliest instant. Call it only while `length` is over 0. */
  first(): number {
    return this.slots[0];
  }

  /** Adds the slot, or moves it to another instant. */
  set(slot: number, instant: number): void {
    this.makeRoom(slot);
    const position = this.positions[slot];
    if (position === ABSENT) {
      this.rise(this.size++, slot, instant);
    } else if (instant < this.instants[position]) {
      this.rise(position, slot, instant);
    } else {
      this.sink(position, slot, instant);
    }
  }

  delete(slot: number): void {
    if (!this.has(slot)) return;
    const position = this.positions[slot];
    this.positions[slot] = ABSENT;
    this.size--;
    if (position === this.size) return;
    const movedSlot = this.slots[this.size];
    const movedInstant = this.instants[this.size];
    if (this.comesBefore(movedInstant, movedSlot, this.instants[position], slot))
      this.rise(position, movedSlot, movedInstant);
    else this.sink(position, movedSlot, movedInstant);
  }

  clear(): void {
    this.size = 0;
    this.positions.fill(ABSENT);
  }

  private comesBefore(instant: number, slot: number, otherInstant: number, otherSlot: number): boolean {
    return instant < otherInstant || (instant === otherInstant && slot < otherSlot);
  }

  private rise(position: number, slot: number, instant: number): void {
    const { instants, slots, positions } = this;
    while (position > 0) {
      const parent = (position - 1) >> 2;
      if (!this.comesBefore(instant, slot, instants[parent], slots[parent])) break;
      instants[position] = instants[parent];
      slots[position] = slots[parent];
      positions[slots[position]] = position;
      position = parent;
    }
    instants[position] = instant;
    slots[position] = slot;
    positions[slot] = position;
  }

  private sink(position: number, slot: number, instant: number): void {
    const { instants, slots, positions, size } = this;
    for (;;) {
      const firstChild = position * ARITY + 1;
      if (firstChild >= size) break;
      const end = Math.min(firstChild + ARITY, size);
      let least = firstChild;
      let leastInstant = instants[least];
      let leastSlot = slots[least];
      for (let child = firstChild + 1; child < end; child++) {
        const childInstant = instants[child];
        const childSlot = slots[child];
        if (childInstant < leastInstant || (childInstant === leastInstant && childSlot < leastSlot)) {
          least = child;
          leastInstant = childInstant;
          leastSlot = childSlot;
        }
      }
      if (!this.comesBefore(leastInstant, leastSlot, instant, slot)) break;
      instants[position] = leastInstant;
      slots[position] = leastSlot;
      positions[leastSlot] = position;
      position = least;
    }
    instants[position] = instant;
    slots[position] = slot;
    positions[slot] = position;
  }

  private makeRoom(slot: number): void {
    if (slot >= this.positions.length) {
      const positions = new Int32Array(Math.max(slot + 1, this.positions.length * 2)).fill(ABSENT);
      positions.set(this.positions);
      this.positions = positions;
    }
    if (this.size >= this.slots.length) {
      const slots = new Int32Array(this.slots.length * 2);
      slots.set(this.slots);
      this.slots = slots;
      const instants = new Float64Array(this.instants.length * 2);
      instants.set(this.instants);
      this.instants = instants;
    }
  }
}
