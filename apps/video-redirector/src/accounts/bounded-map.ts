/** A map that forgets what was written longest ago when it is full. */
export class BoundedMap<Key, Value> {
  private readonly entries = new Map<Key, Value>();

  constructor(private readonly most: number) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: Key): Value | undefined {
    return this.entries.get(key);
  }

  set(key: Key, value: Value): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.most) return;
      this.entries.delete(oldest);
    }
  }

  /** Those that `isOver` says of. */
  drop(isOver: (value: Value) => boolean): void {
    for (const [key, value] of this.entries) if (isOver(value)) this.entries.delete(key);
  }
}
