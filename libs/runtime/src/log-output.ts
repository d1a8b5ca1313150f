import type { Writable } from 'node:stream';

/** About twenty thousand lines. */
const MAX_BACKLOG_BYTES = 4 << 20;

/** A log whose reader has stopped must not fill the memory: lines beyond the backlog are lost, and their number is told later. */
export class LogOutput {
  private lost = 0;

  constructor(
    private readonly stream: Pick<Writable, 'write' | 'writableLength'>,
    private readonly maxBacklogBytes = MAX_BACKLOG_BYTES,
  ) {}

  write(line: string): void {
    if (this.stream.writableLength > this.maxBacklogBytes) {
      this.lost += 1;
      return;
    }
    if (this.lost > 0) {
      const time = new Date().toISOString();
      this.stream.write(
        `${JSON.stringify({ level: 'warn', time, lost: this.lost, msg: 'lines of this log were lost' })}\n`,
      );
      this.lost = 0;
    }
    this.stream.write(line);
  }
}
