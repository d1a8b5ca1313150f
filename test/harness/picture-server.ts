import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface PictureServerOptions {
  user?: string;
  password?: string;
  /** The challenge is Basic instead of Digest. */
  basic?: boolean;
}

/** The smallest start and end of a JPEG, with something between them. */
const jpegOf = (bytes: number): Buffer => {
  const image = Buffer.alloc(bytes, 0x5a);
  image.set([0xff, 0xd8, 0xff, 0xe0]);
  image.set([0xff, 0xd9], bytes - 2);
  return image;
};

const NONCE = 'picture-1';

/** The still pictures of a camera at `/snapshot.jpg`, and the ways in which cameras answer wrongly, by path. */
export class PictureServer {
  /** Of the next picture. */
  image = jpegOf(20_000);
  /** Pictures that were given. */
  given = 0;
  requests = 0;
  /** Before each answer. */
  delayMs = 0;

  constructor(readonly options: PictureServerOptions) {}

  /** @param bytes of the pictures from now on */
  resize(bytes: number): void {
    this.image = jpegOf(bytes);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    if (!this.#isAuthorized(request)) {
      const digest = `Digest realm="camera", nonce="${NONCE}", qop="auth", algorithm=MD5`;
      const challenge = this.options.basic === true ? 'Basic realm="camera"' : digest;
      return void response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
    }
    const { pathname } = new URL(request.url ?? '/', 'http://camera');
    switch (pathname) {
      case '/snapshot.jpg':
        this.given++;
        return void response.writeHead(200, { 'Content-Type': 'image/jpeg' }).end(this.image);
      case '/moved.jpg':
        return void response.writeHead(302, { Location: '/snapshot.jpg' }).end();
      case '/elsewhere.jpg':
        return void response.writeHead(302, { Location: 'http://localhost:9/snapshot.jpg' }).end();
      case '/round.jpg':
        return void response.writeHead(302, { Location: '/round.jpg' }).end();
      case '/page.jpg':
        return void response.writeHead(200, { 'Content-Type': 'image/jpeg' }).end('<html>not a picture</html>');
      case '/endless.jpg':
        response.writeHead(200, { 'Content-Type': 'image/jpeg' }).write(this.image);
        return this.#forEver(response);
      case '/cut.jpg':
        response.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': 1_000_000 }).write(this.image);
        return void setTimeout(() => response.destroy(), 50);
      default:
        return void response.writeHead(404).end();
    }
  }

  #forEver(response: ServerResponse): void {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 16)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  }

  #isAuthorized({ method, url, headers }: IncomingMessage): boolean {
    const { user, password, basic } = this.options;
    if (user === undefined) return true;
    const given = headers.authorization ?? '';
    if (basic === true) return given === `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const field = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(given)?.[1] ?? '';
    const hash = (text: string): string => createHash('md5').update(text).digest('hex');
    const [a, b] = [hash(`${user}:camera:${password}`), hash(`${method}:${url}`)];
    return field('response') === hash(`${a}:${NONCE}:${field('nc')}:${field('cnonce')}:auth:${b}`);
  }
}
