import { Duplex } from 'node:stream';
import type { Channel } from './channel.js';
import { ChannelResetError } from './errors.js';

/**
 * The Duplex face of a channel, for TLS, HTTP/2 and gRPC. Slower than `bridge`, same rules: credit returns when the
 * reader has taken the bytes, half-close passes through, a reset destroys it with ChannelResetError.
 */
export function channelDuplex(channel: Channel): Duplex {
  return new ChannelDuplex(channel);
}

class ChannelDuplex extends Duplex {
  private unconsumed = 0;
  private waiting: (() => void) | undefined;

  constructor(private readonly channel: Channel) {
    super({ allowHalfOpen: true });
    channel.onDrain = () => this.proceed();
    channel.onReset = (code) => this.destroy(new ChannelResetError(code));
    channel.onFin = () => this.push(null);
    channel.onData = (chunk) => {
      if (this.push(chunk)) channel.consume(chunk.length);
      else this.unconsumed += chunk.length;
    };
  }

  override _read(): void {
    const bytes = this.unconsumed;
    this.unconsumed = 0;
    if (bytes > 0) this.channel.consume(bytes);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.channel.write(chunk)) done();
    else this.waiting = done;
  }

  /** `finish` waits for the FIN, so that a destroy after it cuts nothing. */
  override _final(done: () => void): void {
    this.channel.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.proceed();
    this._read();
    this.channel.reset(error === null ? 'cancelled' : 'socket-error');
    done(error);
  }

  private proceed(): void {
    const done = this.waiting;
    this.waiting = undefined;
    done?.();
  }
}
