/** Below this share of the limit those who wait may go on. */
const RESUME_SHARE = 0.75;

/**
 * What may wait to be sent or acknowledged, in whole slabs: of a session, and by `parent` of a process. Above it writers
 * are told to stop, as by a full channel; what they write all the same still counts against their channel's cap.
 */
export class SendBudget {
  private used = 0;
  /** Both are made when somebody waits: thousands of sessions never do. */
  private waiting: Set<() => void> | undefined;
  /** Sessions whose writers wait for this one, in the order in which they came. */
  private hungry: Set<SendBudget> | undefined;
  private isWaking = false;

  /** @param ownBytes what a session may always use, so that those whose peers are stuck do not stop the others */
  constructor(
    readonly limitBytes: number,
    private readonly parent?: SendBudget,
    private readonly ownBytes = 0,
  ) {}

  get usedBytes(): number {
    return this.used;
  }

  get isSpent(): boolean {
    return this.used >= this.limitBytes || this.waitsForParent;
  }

  use(bytes: number): void {
    this.used += bytes;
    this.parent?.use(bytes);
  }

  free(bytes: number): void {
    this.used -= bytes;
    this.parent?.free(bytes);
    if ((!this.waiting?.size && !this.hungry?.size) || this.isWaking) return;
    // Not inside the release of a slab: who is woken writes at once.
    this.isWaking = true;
    queueMicrotask(() => {
      this.isWaking = false;
      this.wake();
    });
  }

  /** Called once, when there is room again. */
  whenFree(callback: () => void): void {
    this.waiting ??= new Set();
    this.waiting.add(callback);
    if (this.waitsForParent) this.parent?.hungered(this);
  }

  forget(callback: () => void): void {
    this.waiting?.delete(callback);
  }

  private get waitsForParent(): boolean {
    return this.used >= this.ownBytes && this.parent?.isSpent === true;
  }

  private wake(): void {
    for (const child of [...(this.hungry ?? [])]) {
      if (this.isSpent) return;
      this.hungry?.delete(child);
      child.wake();
    }
    if (this.used > this.limitBytes * RESUME_SHARE) return;
    for (const callback of [...(this.waiting ?? [])]) {
      if (this.isSpent) break;
      this.waiting?.delete(callback);
      callback();
    }
    if (this.waiting?.size && this.waitsForParent) this.parent?.hungered(this);
  }

  private hungered(child: SendBudget): void {
    this.hungry ??= new Set();
    this.hungry.add(child);
  }
}
