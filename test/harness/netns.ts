import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';

/** A network of its own, joined to this one by a pair of virtual interfaces. */
export interface Network extends AsyncDisposable {
  readonly name: string;
  /** Address of the interface inside. */
  readonly address: string;
  /** Address of the outer end: where a program inside reaches this machine. */
  readonly gateway: string;
  /** Name of the outer interface, for captures. */
  readonly link: string;
  /** Put before a command, runs it inside. */
  readonly through: readonly string[];
  /** Runs a command inside to its end. @returns what it printed */
  run: (program: string, ...args: string[]) => string;
  /** Lets only TCP to that port of one host (the gateway by default) out and nothing in, whatever it is. */
  allowOnlyTcp: (port: number, host?: string) => void;
  remove: () => Promise<void>;
}

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8', timeout: 10_000 });

/** Whether this process may make network namespaces: root with CAP_NET_ADMIN. */
export const canMakeNetworks = (): boolean => {
  const name = `adit-probe-${process.pid}`;
  try {
    ip('netns', 'add', name);
    ip('netns', 'del', name);
    return true;
  } catch {
    return false;
  }
};

/** Leaves this machine without a route to an address, so that nothing sent there leaves it. @returns what undoes it */
export const refuseRoute = (address: string): (() => void) => {
  ip('route', 'replace', 'unreachable', `${address}/32`);
  return () => void ip('route', 'del', 'unreachable', `${address}/32`);
};

/**
 * Makes a network with loopback up and one link to this machine.
 * @throws when the process may not: specs ask `canMakeNetworks` first and say so
 */
export const createNetwork = (): Network => {
  const tag = randomInt(0x100000).toString(16).padStart(5, '0');
  const name = `adit-${tag}`;
  const link = `ao-${tag}`;
  const subnet = `10.${200 + randomInt(50)}.${randomInt(256)}`;
  const third = 4 * randomInt(63);
  const [gateway, address] = [`${subnet}.${third + 1}`, `${subnet}.${third + 2}`];
  const through = ['ip', 'netns', 'exec', name];
  const run = (program: string, ...args: string[]): string =>
    execFileSync('ip', ['netns', 'exec', name, program, ...args], { encoding: 'utf8', timeout: 20_000 });
  ip('netns', 'add', name);
  ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', name);
  ip('addr', 'add', `${gateway}/30`, 'dev', link);
  ip('link', 'set', link, 'up');
  for (const device of ['lo', 'uplink']) ip('-n', name, 'link', 'set', device, 'up');
  // Neighbour discovery of IPv6 would show in every capture.
  run('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/uplink/disable_ipv6 || true');
  execFileSync('sh', ['-c', 'echo 1 > "/proc/sys/net/ipv6/conf/$1/disable_ipv6" || true', 'sh', link]);
  ip('-n', name, 'addr', 'add', `${address}/30`, 'dev', 'uplink');
  const allowOnlyTcp = (port: number, host = gateway): void => {
    if (host !== gateway) run('ip', 'route', 'add', host, 'via', gateway);
    const rules = [
      ['-P', 'INPUT', 'DROP'],
      ['-P', 'OUTPUT', 'DROP'],
      ['-P', 'FORWARD', 'DROP'],
      ['-A', 'INPUT', '-i', 'lo', '-j', 'ACCEPT'],
      ['-A', 'OUTPUT', '-o', 'lo', '-j', 'ACCEPT'],
      ['-A', 'OUTPUT', '-o', 'uplink', '-p', 'tcp', '-d', host, '--dport', String(port), '-j', 'ACCEPT'],
      ['-A', 'INPUT', '-i', 'uplink', '-p', 'tcp', '-s', host, '--sport', String(port), '!', '--syn', '-j', 'ACCEPT'],
    ];
    for (const rule of rules) run('iptables', ...rule);
  };
  const remove = async (): Promise<void> => {
    ip('netns', 'del', name);
    await Promise.resolve();
  };
  return { name, address, gateway, link, through, run, allowOnlyTcp, remove, [Symbol.asyncDispose]: remove };
};

/** What passed a link, as tcpdump saw it. */
export class Capture implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
  }

  /** Resolves when tcpdump listens. `filter` is its own language, for example `ip`. */
  static async start(link: string, filter = ''): Promise<Capture> {
    const args = ['-i', link, '-n', '-l', '-q', '-tt', '--immediate-mode', ...filter.split(' ').filter(Boolean)];
    const child = spawn('tcpdump', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const capture = new Capture(child);
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('listening on')) resolve();
      });
      child.once('exit', () => reject(new Error(`tcpdump: ${said}`)));
      child.once('error', reject);
    });
    return capture;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGINT');
    await once(this.#child, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
