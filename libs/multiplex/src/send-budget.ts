/** Below this share of the limit those who wait may go on. */
const RESUME_SHARE = 0.75;

/**
 * What may wait to be sent or acknowledged, in whole slabs: of a session, and by `parent` of a process. Above it writers
 * are told to stop, as by a full channel; what they write all the same still counts against their channel's cap.
 */
export class SendBudget {
  private used = 0;
  private readonly waiting = new Set<() => void>();

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
    return this.used >= this.limitBytes || (this.used >= this.ownBytes && (this.parent?.isSpent ?? false));
  }

  use(bytes: number): void {
    this.used += bytes;
    this.parent?.use(bytes);
  }

  free(bytes: number): void {
    this.used -= bytes;
    this.parent?.free(bytes);
    if (this.waiting.size > 0 && this.used <= this.limitBytes * RESUME_SHARE && !this.isSpent) this.wake();
  }

  /** Called when there is room again, of the session or of the process; harmless to call twice. */
  whenFree(callback: () => void): void {
    this.waiting.add(callback);
    if (this.parent?.isSpent === true) this.parent.whenFree(callback);
  }

  forget(callback: () => void): void {
    this.waiting.delete(callback);
    this.parent?.forget(callback);
  }

  private wake(): void {
    const callbacks = [...this.waiting];
    this.waiting.clear();
    for (const callback of callbacks) callback();
  }
}
