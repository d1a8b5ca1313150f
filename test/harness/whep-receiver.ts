import { RTCPeerConnection, useH264, usePCMU, type RtpPacket } from 'werift';

/** An independent WebRTC implementation as a viewer: it keeps the NAL units of every picture it gets. */
export class WhepReceiver implements AsyncDisposable {
  readonly units: Buffer[] = [];
  /** Of the RTP payloads. */
  largestBytes = 0;
  sounds = 0;
  readonly #connection = new RTCPeerConnection({
    codecs: { video: [useH264()], audio: [usePCMU()] },
    iceAdditionalHostAddresses: ['127.0.0.1'],
  });
  #fragments: Buffer[] = [];

  static async open(playUrl: string): Promise<WhepReceiver> {
    const receiver = new WhepReceiver();
    const connection = receiver.#connection;
    connection.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe((packet) => receiver.#take(track.kind, packet));
    });
    for (const kind of ['audio', 'video'] as const) connection.addTransceiver(kind, { direction: 'recvonly' });
    await connection.setLocalDescription(await connection.createOffer());
    const url = new URL(playUrl.replace('/play/', '/whep/'));
    const headers = { 'content-type': 'application/sdp' };
    const answer = await fetch(url, { method: 'POST', headers, body: connection.localDescription?.sdp ?? '' });
    const sdp = await answer.text();
    if (answer.status !== 201) throw new Error(`WHEP answered ${answer.status}: ${sdp}`);
    await connection.setRemoteDescription({ type: 'answer', sdp });
    return receiver;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }

  /** Single NAL units and FU-A (RFC 6184 section 5). */
  #take(kind: string, { payload }: RtpPacket): void {
    if (kind === 'audio') return void this.sounds++;
    this.largestBytes = Math.max(this.largestBytes, payload.length);
    const [first = 0, second = 0] = payload;
    if ((first & 0x1f) !== 28) return void this.units.push(Buffer.from(payload));
    if ((second & 0x80) !== 0) this.#fragments = [Buffer.from([(first & 0xe0) | (second & 0x1f)])];
    this.#fragments.push(Buffer.from(payload.subarray(2)));
    if ((second & 0x40) !== 0) this.units.push(Buffer.concat(this.#fragments));
  }
}
