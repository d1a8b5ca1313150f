import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { StateDirectory } from '../state/state-directory.js';

const REQUEST_FILE = 'renewal-request.json';
const POLL_MS = 1_000;

const renewalRequest = z.object({ v: z.literal(1), id: z.string() });

/** Asks the running agent, another process, for a renewal at once. @returns the id under which its status answers */
export const askForRenewal = async (state: StateDirectory): Promise<string> => {
  const id = randomUUID();
  await state.writeJson(REQUEST_FILE, { v: 1, id });
  return id;
};

export const withdrawRenewalRequest = (state: StateDirectory): Promise<void> => state.remove(REQUEST_FILE);

/** Takes requests of other processes out of the state directory, one after the other. */
export class RenewalRequests {
  private timer: NodeJS.Timeout | undefined;
  private busy = false;

  constructor(
    private readonly state: StateDirectory,
    private readonly serve: (id: string) => Promise<void>,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.look(), POLL_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** A file that is none of ours is removed like one that was served. */
  async look(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const text = await this.state.read(REQUEST_FILE);
      if (text === undefined) return;
      await this.state.remove(REQUEST_FILE);
      const parsed = renewalRequest.safeParse(JSON.parse(text));
      if (parsed.success) await this.serve(parsed.data.id);
    } catch {
      // The asker hears of it by waiting in vain; the next look finds the file again, or no file.
    } finally {
      this.busy = false;
    }
  }
}
