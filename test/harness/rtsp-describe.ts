import { connect } from 'node:net';

export interface RtspAnswer {
  status: number;
  /** X-Error-Code, empty on success. */
  code: string;
  text: string;
}

/** Sends one DESCRIBE and reads the answer. @param from the viewer's own address */
export const describeRtsp = (url: string, from = '127.0.0.1', limitMs = 20_000): Promise<RtspAnswer> => {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), localAddress: from, noDelay: true });
    let text = '';
    const finish = (): void => {
      const status = Number(/^RTSP\/1\.0 (\d{3})/.exec(text)?.[1] ?? 0);
      resolve({ status, code: /^x-error-code: *(\S+)/im.exec(text)?.[1] ?? '', text });
      socket.destroy();
    };
    socket.setTimeout(limitMs, () => socket.destroy(new Error(`no answer to DESCRIBE within ${limitMs} ms`)));
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      text += String(chunk);
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
      if (end >= 0 && text.length >= end + 4 + length) finish();
    });
    socket.write(`DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`);
  });
};
