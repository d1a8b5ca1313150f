import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { cloudEnvironment } from '../../tools/launcher/cloud-environment.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { freePort } from '../../tools/launcher/port.mjs';
import type { Platform } from './platform.js';

/** Another replica of the video redirector, beside the one that the platform has. */
export class SecondRedirector implements AsyncDisposable {
  private constructor(
    private readonly process: AppProcess,
    private readonly rtspPort: number,
  ) {}

  static async start(platform: Platform): Promise<SecondRedirector> {
    const { dataDir, natsUrl } = platform;
    const rtsp = await freePort();
    const env = cloudEnvironment('video-redirector', {
      dataDir: join(dataDir, 'second-redirector'),
      natsUrl,
      natsTokenFile: join(dataDir, 'nats.token'),
      logins: JSON.parse(readFileSync(join(dataDir, 'logins.json'), 'utf8')) as Record<string, string>,
      secretsDir: (app) => join(dataDir, 'secrets', app),
      publicKeysFile: join(dataDir, 'public-keys.json'),
      firstPasswordFile: '',
      demo: false,
      ports: { http: 1, play: 0, rtsp, tunnel: 1, ingress: 1, health: {} },
    });
    const log = (_name: string, line: string): void => platform.note('second-redirector', line);
    const started = new AppProcess({ name: 'second-redirector', entry: entryOf('video-redirector'), env, log });
    await started.start(20_000);
    return new SecondRedirector(started, rtsp);
  }

  /** The same stream here. */
  at(url: string): string {
    const here = new URL(url);
    here.port = String(this.rtspPort);
    return here.href;
  }

  /** For example SIGSTOP: it hangs, and nobody is told. */
  signal(name: NodeJS.Signals): void {
    const { pid } = this.process;
    if (pid === undefined) throw new Error('the second redirector does not run');
    process.kill(pid, name);
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
