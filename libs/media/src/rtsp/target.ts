import type { Duplex } from 'node:stream';
import { asMediaError } from '../errors.js';
import type { Turns } from '../source/turns.js';
import type { Credentials } from './authorization.js';
import { splitCredentials } from './control-url.js';
import { dialRtsp } from './dial.js';

export interface RtspTargetOptions {
  connectTimeoutMs: number;
  /** Opens a socket to the camera; `signal` ends the dialling only, not the socket in use. By default TCP to the URL's host and port (554). */
  connect?: (signal: AbortSignal) => Promise<Duplex>;
  /** Connections that share them begin one after the other. */
  turns?: Turns;
  /** Takes precedence over credentials in the URL. */
  credentials?: Credentials;
}

/** A camera or recorder as it is configured: where it is and who we are to it. */
export class RtspTarget {
  /** Without credentials. */
  readonly url: string;
  readonly credentials: Credentials | undefined;

  constructor(
    url: string,
    readonly options: RtspTargetOptions,
  ) {
    const { url: plain, user, password } = splitCredentials(url);
    this.url = plain;
    this.credentials = options.credentials ?? (user === undefined ? undefined : { user, password: password ?? '' });
  }

  /** @throws MediaError `camera-unreachable`, `not-implemented` */
  async connect(signal: AbortSignal): Promise<Duplex> {
    await this.options.turns?.next(signal).catch((error: unknown) => {
      throw asMediaError(error, 'camera-unreachable');
    });
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.options.connectTimeoutMs)]);
    try {
      return await (this.options.connect?.(limited) ?? dialRtsp(this.url, limited));
    } catch (error) {
      throw asMediaError(error, 'camera-unreachable');
    }
  }
}
