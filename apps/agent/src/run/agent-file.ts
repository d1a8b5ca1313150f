import { channelClass, hostPort, serviceName } from '@app/contracts';
import { ConfigurationError } from '@app/runtime';
import { readFile, stat } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { errnoOf } from '../errors.js';
import { uplinkPolicy } from '../uplink/uplink.policy.js';

export const AGENT_FILE = 'agent.yaml';
const FILE_MAX_BYTES = 64 * 1024;

const service = z.strictObject({
  address: hostPort,
  classes: z.array(channelClass).min(1).default(['bulk']),
});

/** What the installer may allow beyond what every site has. */
export const agentFile = z.strictObject({
  directoryListen: hostPort.optional(),
  redirectorListen: hostPort.optional(),
  /** More services that the cloud may reach, by name. */
  services: z.record(serviceName, service).default({}),
  /** The only part that is read again while the agent runs. */
  uplink: uplinkPolicy.prefault({}),
});
export type AgentFile = z.infer<typeof agentFile>;

/** A file that was not asked for may be missing. @throws ConfigurationError naming the member */
export const readAgentFile = async (path: string, required: boolean): Promise<AgentFile> => {
  const text = await readText(path, required);
  if (Buffer.byteLength(text) > FILE_MAX_BYTES)
    throw new ConfigurationError(`${path}: larger than ${FILE_MAX_BYTES} bytes`);
  const parsed = agentFile.safeParse(parseYaml(path, text) ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigurationError(`${path}: ${problems.join('; ')}`);
};

/** Changes whenever the file does; empty while there is none. */
export const agentFileVersion = (path: string): Promise<string> =>
  stat(path, { bigint: true }).then(
    ({ mtimeNs, size, ino }) => `${ino} ${mtimeNs} ${size}`,
    () => '',
  );

const readText = async (path: string, required: boolean): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (!required && errnoOf(cause) === 'ENOENT') return '';
    throw new ConfigurationError(`${path}: ${errnoOf(cause) ?? 'cannot be read'}`, { cause });
  }
};

const parseYaml = (path: string, text: string): unknown => {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new ConfigurationError(`${path}: not YAML`, { cause });
  }
};
