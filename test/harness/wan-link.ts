import { join } from 'node:path';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { WanLink, type LinkOptions } from '../../tools/wan-link/link.mjs';
import type { DirectionSettings } from '../../tools/wan-link/settings.mjs';
import { SMALL_BUFFER_BYTES } from '../../tools/wan-link/small-buffers.mjs';
import { canMakeNetworks, createNetwork, type Network } from './netns.js';

export { WanLink, type DirectionSettings, type LinkOptions };

const COMMAND = join(import.meta.dirname, '..', '..', 'tools', 'wan-link.mjs');
const START_MS = 10_000;

/** A site's line inside this process; end it with `stop`. */
export const startWanLink = async (options: LinkOptions): Promise<WanLink> => {
  const link = new WanLink(options);
  await link.start();
  return link;
};

/** A line that runs in a site's own network, as a process. */
export interface WanProcess {
  /** Of the network's loopback. */
  readonly port: number;
  /** An event now, in the words of `tools/wan-link/script.mjs`. */
  happen: (event: string) => void;
  stop: () => Promise<void>;
}

/** A site's network with its line in it: what an agent run `through` it sends, the kernel cannot hide. */
export interface WanNetwork extends Network {
  /** @param flags of `tools/wan-link.mjs` without `--to` @param target default: that port of this machine */
  startLine: (port: number, flags?: readonly string[], target?: string) => Promise<WanProcess>;
}

/**
 * A network whose sockets have buffers of at most 64 KiB. @throws when the process may not: ask `canMakeWanNetworks`
 * first
 */
export const createWanNetwork = (): WanNetwork => {
  const network = createNetwork();
  for (const name of ['tcp_rmem', 'tcp_wmem']) {
    network.run('sh', '-c', `echo 4096 16384 ${SMALL_BUFFER_BYTES} > /proc/sys/net/ipv4/${name}`);
  }
  const lines: WanProcess[] = [];
  const remove = async (): Promise<void> => {
    for (const line of lines) await line.stop();
    await network.remove();
  };
  const startLine: WanNetwork['startLine'] = async (port, flags = [], target = network.gateway) => {
    const line = await startLineIn(network, ['--to', `${target}:${port}`, ...flags]);
    lines.push(line);
    return line;
  };
  return { ...network, startLine, remove, [Symbol.asyncDispose]: remove };
};

const startLineIn = async (network: Network, args: string[]): Promise<WanProcess> => {
  const process = new AppProcess({
    name: 'wan-link',
    entry: COMMAND,
    args,
    env: {},
    through: [...network.through],
    log: () => undefined,
  });
  await process.start(START_MS);
  return {
    port: process.ports['line'] ?? 0,
    happen: (event) => void process.child?.send({ event }),
    stop: () => process.stop(),
  };
};

/** Whether specs on saturated lines can run here; says so on standard error when they cannot. */
export const canMakeWanNetworks = (): boolean => {
  if (canMakeNetworks()) return true;
  process.stderr.write('SKIPPED: saturated lines need network namespaces, that is root with CAP_NET_ADMIN\n');
  return false;
};
