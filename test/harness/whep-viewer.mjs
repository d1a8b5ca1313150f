import { RTCPeerConnection, useH264, usePCMU } from 'werift';

/**
 * An independent WebRTC implementation as a viewer, in a process of its own because it leaves timers behind.
 * Argument: the address of a page with its ticket. Writes every NAL unit as `u32 payload length | u32 length | unit`, where the first is the largest
 * RTP payload so far.
 */
const url = new URL((process.argv[2] ?? '').replace('/play/', '/whep/'));
const connection = new RTCPeerConnection({
  codecs: { video: [useH264()], audio: [usePCMU()] },
  iceAdditionalHostAddresses: ['127.0.0.1'],
});
let largest = 0;
/** @type {Buffer[]} */
let fragments = [];

/** @param {Buffer} unit */
function write(unit) {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(largest, 0);
  header.writeUInt32BE(unit.length, 4);
  process.stdout.write(Buffer.concat([header, unit]));
}

/**
 * Single NAL units and FU-A (RFC 6184 section 5).
 * @param {Buffer} payload
 */
function take(payload) {
  largest = Math.max(largest, payload.length);
  const [first = 0, second = 0] = payload;
  if ((first & 0x1f) !== 28) return write(payload);
  if ((second & 0x80) !== 0) fragments = [Buffer.from([(first & 0xe0) | (second & 0x1f)])];
  fragments.push(Buffer.from(payload.subarray(2)));
  if ((second & 0x40) !== 0) write(Buffer.concat(fragments));
}

connection.onTrack.subscribe((track) => {
  track.onReceiveRtp.subscribe(({ payload }) => track.kind === 'video' && take(payload));
});
for (const kind of /** @type {const} */ (['audio', 'video']))
  connection.addTransceiver(kind, { direction: 'recvonly' });
await connection.setLocalDescription(await connection.createOffer());
const headers = { 'content-type': 'application/sdp' };
const answer = await fetch(url, { method: 'POST', headers, body: connection.localDescription?.sdp ?? '' });
const sdp = await answer.text();
if (answer.status !== 201) throw new Error(`WHEP answered ${answer.status}: ${sdp}`);
await connection.setRemoteDescription({ type: 'answer', sdp });
