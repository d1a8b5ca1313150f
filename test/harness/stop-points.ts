import type { AgentProcess } from './agent-process.js';
import { waitUntil } from './condition.js';
import type { TunnelCloud } from './tunnel-cloud.js';
import type { WanLink } from './wan-link.js';

/** What a stop point can hold on to. `line`: every connection of the agent passes it. */
export interface Scene {
  cloud: TunnelCloud;
  agent: AgentProcess;
  agentId: string;
  line: WanLink;
}

/** A state of the site and the cloud that is reached, and held, before somebody is killed. */
export interface StopPoint {
  name: string;
  victim: 'agent' | 'keyfile-issuer' | 'tunnel-broker';
  /** Begins what is to be interrupted, and resolves at the point. @returns what lets everybody go on after the kill */
  reach: (scene: Scene) => Promise<() => void>;
}

interface CertificateRow {
  state: string;
  generation: number;
}

export const certificatesOf = ({ cloud, agentId }: Pick<Scene, 'cloud' | 'agentId'>): Promise<CertificateRow[]> =>
  cloud.query<CertificateRow>('SELECT state, generation FROM certificate WHERE agent_id = $1 ORDER BY generation', [
    agentId,
  ]);

const signal = ({ cloud }: Scene, name: 'SIGSTOP' | 'SIGCONT'): void => {
  process.kill(cloud.platform.pid('keyfile-issuer'), name);
};

/** New connections are refused; those that are open go on. */
const closeDoor = ({ line, cloud }: Scene): (() => void) => {
  line.target.port = 1;
  return () => {
    line.target.port = cloud.tunnelPort;
  };
};

const nothing = (): void => undefined;

const keyOnDisk = ({ agent }: Scene): Promise<void> =>
  waitUntil('the next key is on the disk', () => agent.state('renewal.json') !== undefined);

const certificateOnDisk = ({ agent }: Scene): Promise<void> =>
  waitUntil(
    'the next certificate is on the disk',
    () => agent.state<{ certificateChain?: string }>('renewal.json')?.certificateChain !== undefined,
  );

const pendingRow = (scene: Scene): Promise<void> =>
  waitUntil('the next certificate is on record', async () =>
    (await certificatesOf(scene)).some(({ state }) => state === 'pending'),
  );

/** The agent has asked, and the issuer has not looked at it. */
const asked = async (scene: Scene): Promise<void> => {
  signal(scene, 'SIGSTOP');
  scene.agent.askToRenew();
  await keyOnDisk(scene);
};

/** The issuer has stored the certificate, and the agent takes no answer. */
const answerLost = async (scene: Scene): Promise<void> => {
  await asked(scene);
  // What is asked is on its way before the agent stands still.
  await new Promise((resolve) => setTimeout(resolve, 300));
  scene.agent.signal('SIGSTOP');
  signal(scene, 'SIGCONT');
  await pendingRow(scene);
};

/** The certificate is on the disk, and no connection can be made with it. */
const unused = async (scene: Scene): Promise<() => void> => {
  const open = closeDoor(scene);
  scene.agent.askToRenew();
  await certificateOnDisk(scene);
  return open;
};

/** The steps of a renewal, and who dies at them. */
export const RENEWAL_STOPS: readonly StopPoint[] = [
  {
    name: 'the key is on the disk and certified by nobody',
    victim: 'agent',
    reach: async (scene) => {
      await asked(scene);
      return () => signal(scene, 'SIGCONT');
    },
  },
  {
    name: 'the issuer has the request and has done nothing',
    victim: 'keyfile-issuer',
    reach: async (scene) => {
      await asked(scene);
      return nothing;
    },
  },
  {
    name: 'the certificate is on record and its answer was not taken',
    victim: 'agent',
    reach: async (scene) => {
      await answerLost(scene);
      return nothing;
    },
  },
  {
    name: 'the certificate is on record and its answer was not taken',
    victim: 'keyfile-issuer',
    reach: async (scene) => {
      await answerLost(scene);
      return () => scene.agent.signal('SIGCONT');
    },
  },
  {
    name: 'the certificate is on record and its answer was not taken',
    victim: 'tunnel-broker',
    reach: async (scene) => {
      await answerLost(scene);
      return () => scene.agent.signal('SIGCONT');
    },
  },
  { name: 'the certificate is on the disk and not used', victim: 'agent', reach: unused },
  { name: 'the certificate is on the disk and not used', victim: 'tunnel-broker', reach: unused },
  {
    name: 'the certificate is used and the issuer cannot say so',
    victim: 'keyfile-issuer',
    reach: async (scene) => {
      const open = await unused(scene);
      signal(scene, 'SIGSTOP');
      open();
      return nothing;
    },
  },
  {
    name: 'the certificate has just become current',
    victim: 'agent',
    reach: async (scene) => {
      const before = (await certificatesOf(scene)).length;
      scene.agent.askToRenew();
      await waitUntil('it is current', async () => {
        const rows = await certificatesOf(scene);
        return rows.length > before && rows.at(-1)?.state === 'current';
      });
      return nothing;
    },
  },
];

/** The steps of an enrolment; the agent is not enrolled when they begin. */
export const ENROLMENT_STOPS: readonly StopPoint[] = [
  {
    name: 'the key is on the disk and the issuer has done nothing',
    victim: 'agent',
    reach: async (scene) => {
      signal(scene, 'SIGSTOP');
      scene.agent.begin();
      await waitUntil('the key is on the disk', () => scene.agent.has(/^enrolment-.+\.json$/));
      return () => signal(scene, 'SIGCONT');
    },
  },
  {
    name: 'the issuer has the request and has done nothing',
    victim: 'keyfile-issuer',
    reach: async (scene) => {
      signal(scene, 'SIGSTOP');
      scene.agent.begin();
      await waitUntil('the key is on the disk', () => scene.agent.has(/^enrolment-.+\.json$/));
      await new Promise((resolve) => setTimeout(resolve, 300));
      return nothing;
    },
  },
  {
    name: 'the certificate is on record',
    victim: 'agent',
    reach: async (scene) => {
      scene.agent.begin();
      await waitUntil('it is on record', async () => (await certificatesOf(scene)).length > 0);
      return nothing;
    },
  },
  {
    name: 'the certificate is on record',
    victim: 'keyfile-issuer',
    reach: async (scene) => {
      scene.agent.begin();
      await waitUntil('it is on record', async () => (await certificatesOf(scene)).length > 0);
      return nothing;
    },
  },
];
