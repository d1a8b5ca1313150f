import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { AgentError } from '../errors.js';
import { isOnVolume } from './mount-table.js';

export interface ContainerFacts {
  /** Says so outright; without it the marks that container engines leave decide. */
  declared?: boolean;
  /** Content of /proc/self/mountinfo; read from there when absent. */
  mountinfo?: string;
}

const MARKS = ['/.dockerenv', '/run/.containerenv'];

export const isContainer = (declared: boolean | undefined): boolean =>
  declared ?? MARKS.some((mark) => existsSync(mark));

/** @throws AgentError `state-not-a-volume` when the identity would vanish with the container */
export const guardVolume = async (path: string, facts: ContainerFacts): Promise<void> => {
  if (!isContainer(facts.declared)) return;
  const mountinfo = facts.mountinfo ?? (await readFile('/proc/self/mountinfo', 'utf8'));
  if (isOnVolume(path, mountinfo)) return;
  throw new AgentError(
    'state-not-a-volume',
    `The state directory ${path} is not on a mounted volume: the site's identity would be lost with this container`,
    `Mount a volume there (docker run -v adit-agent:${path} …), or say --ephemeral when losing it is what you want. ADIT_CONTAINER=false says that this is no container`,
  );
};
