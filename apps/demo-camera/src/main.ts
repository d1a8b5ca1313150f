import { existsSync } from 'node:fs';
import { DemoCamera } from './camera.js';
import { readConfig } from './config.js';

/** The clips lie beside the sources; the built program is one level deeper in `dist`. */
function clip(name: string): URL {
  const candidates = ['../clips/', '../../../../apps/demo-camera/clips/'].map(
    (up) => new URL(up + name, import.meta.url),
  );
  return candidates.find((url) => existsSync(url)) ?? candidates[0];
}

try {
  const config = readConfig(process.argv.slice(2));
  const camera = new DemoCamera({ '/high': clip('high.h264'), '/low': clip('low.h264') });
  const urls = await camera.listen(config.port, config.bind);
  process.send?.({ type: 'ready', app: 'demo-camera', ports: { rtsp: Number(new URL(urls[0]).port) }, urls });
  for (const url of urls) console.log(`Demo camera plays at ${url}`);
  const stop = (): void => void camera.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.once('disconnect', stop);
} catch (error) {
  const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? ' (choose another with --port)' : '';
  console.error((error instanceof Error ? error.message : String(error)) + inUse);
  process.exitCode = 1;
}
