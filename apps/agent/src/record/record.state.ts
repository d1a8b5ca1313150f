import type { KeptOutage, RecordEntry } from './record.entry.js';

export const MAX_OUTAGES = 200;
/** Of the file when it has been written anew: old outages go until it fits. */
export const MAX_COMPACT_BYTES = 256 * 1024;

/** What the entries of a record amount to. */
export class RecordState {
  /** In the order in which they began. */
  private readonly byId = new Map<string, KeptOutage>();
  private readonly sent = new Set<string>();
  private last: Extract<RecordEntry, { kind: 'running' | 'stopped' }> | undefined;
  private site: string | undefined;
  /** The latest instant that anything was noted at, ms since 1970. */
  lastAtMs = 0;
  /** Outages that had to go before they were sent, as far as this process knows. */
  lost = 0;

  /** The site that the record is of; undefined while it is empty. */
  get siteId(): string | undefined {
    return this.site;
  }

  /** How the last process ended, as far as it was noted. */
  get lastWord(): 'running' | 'stopped' | undefined {
    return this.last?.kind;
  }

  get outages(): KeptOutage[] {
    return [...this.byId.values()];
  }

  /** The one that lasts. */
  get open(): KeptOutage | undefined {
    return this.outages.findLast(({ to }) => to === null);
  }

  /** Over, and not answered for by a broker. */
  get unsent(): KeptOutage[] {
    return this.outages.filter(({ id, to }) => to !== null && !this.sent.has(id));
  }

  isSent(id: string): boolean {
    return this.sent.has(id);
  }

  apply(entry: RecordEntry): void {
    switch (entry.kind) {
      case 'running':
        this.site = entry.siteId;
        this.noteWord(entry);
        break;
      case 'stopped':
        this.noteWord(entry);
        break;
      case 'outage':
        this.byId.set(entry.outage.id, entry.outage);
        this.see(entry.outage.from);
        for (const { lastAt } of entry.outage.faults) this.see(lastAt);
        if (entry.outage.to !== null) this.see(entry.outage.to);
        while (this.byId.size > MAX_OUTAGES) this.forgetOldest();
        break;
      case 'dropped':
        this.byId.delete(entry.id);
        break;
      case 'sent':
        for (const id of entry.ids) if (this.byId.has(id)) this.sent.add(id);
        break;
    }
  }

  /** Fewest entries that amount to the same; what does not fit is forgotten, oldest first. */
  entries(): RecordEntry[] {
    let bytes = this.outages.reduce((sum, outage) => sum + JSON.stringify(outage).length, 0);
    while (bytes > MAX_COMPACT_BYTES && this.byId.size > 1) bytes -= this.forgetOldest();
    const outages = this.outages.map((outage): RecordEntry => ({ kind: 'outage', outage }));
    const sent: RecordEntry[] = this.sent.size === 0 ? [] : [{ kind: 'sent', ids: [...this.sent] }];
    return [...outages, ...sent, ...this.words()];
  }

  private words(): RecordEntry[] {
    if (this.last === undefined) return [];
    const { at } = this.last;
    const running: RecordEntry[] = this.site === undefined ? [] : [{ kind: 'running', at, siteId: this.site }];
    return this.last.kind === 'running' ? running : [...running, this.last];
  }

  /** Rather one that was sent. @returns about how many bytes it took */
  private forgetOldest(): number {
    const oldest = this.outages.find(({ id }) => this.sent.has(id)) ?? this.outages[0];
    if (oldest === undefined) return 0;
    if (!this.sent.delete(oldest.id)) this.lost += 1;
    this.byId.delete(oldest.id);
    return JSON.stringify(oldest).length;
  }

  private noteWord(entry: Extract<RecordEntry, { kind: 'running' | 'stopped' }>): void {
    this.last = entry;
    this.see(entry.at);
  }

  private see(at: string): void {
    this.lastAtMs = Math.max(this.lastAtMs, Date.parse(at));
  }
}
