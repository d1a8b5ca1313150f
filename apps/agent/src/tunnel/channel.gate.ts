import { bridge, type BridgeEnd, type OpenRequest, SocketReads } from '@app/multiplex';
import { connect } from 'node:net';
import { errnoOf } from '../errors.js';
import { opened } from '../network/opened-socket.js';
import type { ServiceAllowList } from './service-allow-list.js';

const DIAL_TIMEOUT_MS = 5_000;

export interface GateEvents {
  refused: (request: OpenRequest, code: string) => void;
  ended: (request: OpenRequest, end: BridgeEnd) => void;
}

/** Lets the cloud open channels to the services of the allow-list, and to nothing else. */
export class ChannelGate {
  constructor(
    private readonly services: ServiceAllowList,
    private readonly events: GateEvents,
  ) {}

  /** Handler of a session's `onOpen`; never throws. */
  readonly onOpen = (request: OpenRequest): void => {
    void this.open(request);
  };

  private async open(request: OpenRequest): Promise<void> {
    const verdict = this.services.judge(request.service, request.class);
    if ('refuse' in verdict) {
      this.refuse(request, verdict.refuse);
      return;
    }
    const { host, port } = verdict.target;
    try {
      const limit = AbortSignal.any([request.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
      const reads = new SocketReads();
      const { onread } = reads;
      const socket = await opened(connect({ host, port, noDelay: true, onread }), 'connect', limit);
      this.events.ended(request, await bridge(socket, request.accept(), reads));
    } catch (error) {
      this.refuse(request, errnoOf(error) === 'ETIMEDOUT' ? 'dial-timeout' : 'dial-failed');
    }
  }

  private refuse(request: OpenRequest, code: string): void {
    request.refuse(code);
    this.events.refused(request, code);
  }
}
