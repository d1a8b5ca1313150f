import { encodeMessage, type EnrolResponse, MessageError, readMessage } from '@app/contracts';
import { ENROL_EXPORTER_LABEL, EXPORTER_BYTES, isIssuedDirectlyBy } from '@app/pki';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { TLSSocket } from 'node:tls';
import { BrokerIdentityService } from '../identity/broker-identity.service.js';
import type { Peer } from '../listener/peer.js';
import type { Visit } from '../listener/visit.js';
import { EnrolmentService, refusal } from './enrolment.service.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** For the agent to take the answer and close. */
const LINGER_MS = 5_000;

/** ALPN `adit-enrol/1`: one request, one answer, the end. */
@Injectable()
export class EnrolmentEndpoint {
  constructor(
    private readonly identity: BrokerIdentityService,
    private readonly enrolment: EnrolmentService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** @param visit gives its place at the gate back at once: requests under way have a cap of their own */
  serve(socket: TLSSocket, peer: Peer, visit: Visit): void {
    const isClaim = this.identity.pins.claimCas.some((ca) => isIssuedDirectlyBy(peer.certificate, ca));
    visit.end(isClaim ? 'excused' : 'failed');
    void this.answer(socket, peer, isClaim).then((response) => {
      if (!response.ok) {
        this.logger.info({ peerAddress: peer.address, code: response.code }, 'an enrolment was refused');
      }
      socket.end(encodeMessage(response));
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
      // Unread bytes would turn the end into a reset, which could take the answer from the peer.
      socket.resume();
    });
  }

  private async answer(socket: TLSSocket, peer: Peer, isClaim: boolean): Promise<EnrolResponse> {
    if (!isClaim) return refusal('certificate-wrong-role', 'this protocol is for the claim certificate of a keyfile');
    try {
      // Facts of the connection are asked for while it certainly lives.
      const exporter = socket.exportKeyingMaterial(EXPORTER_BYTES, ENROL_EXPORTER_LABEL, Buffer.alloc(0));
      const message = await readMessage(socket, REQUEST_TIMEOUT_MS);
      return await this.enrolment.enrol(message, { claim: peer.certificate, exporter, peerAddress: peer.address });
    } catch (error) {
      if (error instanceof MessageError) return refusal('enrolment-malformed', error.code);
      this.logger.error({ err: error }, 'an enrolment failed');
      return refusal('internal', 'the request failed here');
    }
  }
}
