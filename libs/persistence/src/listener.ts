import { Client } from 'pg';

export interface ListenerOptions {
  url: string;
  channels: readonly string[];
  onNotification: (channel: string, payload: string) => void;
  /** After every (re)connection: notifications may have been lost, so read the table again. */
  onConnected: () => void;
  retryMs?: number;
}

/** LISTEN on a connection of its own, reconnected for as long as it lives. Notifications are hints: poll as well. */
export class Listener {
  private client: Client | undefined;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ListenerOptions) {}

  start(): void {
    void this.connect();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = new Client({ connectionString: this.options.url, keepAlive: true, connectionTimeoutMillis: 5_000 });
    this.client = client;
    let ended = false;
    const again = (): void => {
      if (ended) return;
      ended = true;
      void client.end().catch(() => undefined);
      if (!this.closed) this.timer = setTimeout(() => void this.connect(), this.options.retryMs ?? 500);
    };
    client.on('error', again);
    client.on('end', again);
    client.on('notification', ({ channel, payload }) => this.options.onNotification(channel, payload ?? ''));
    try {
      await client.connect();
      for (const channel of this.options.channels) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      this.options.onConnected();
    } catch {
      again();
    }
  }
}
