import { join } from 'node:path';
import { AgentProcess } from '../harness/agent-process.js';
import { waitUntil } from '../harness/condition.js';
import { certificatesOf, ENROLMENT_STOPS, RENEWAL_STOPS, type Scene, type StopPoint } from '../harness/stop-points.js';
import { TunnelCloud } from '../harness/tunnel-cloud.js';
import { startWanLink, type WanLink } from '../harness/wan-link.js';

const TITLE = 'kill -9 of the $victim when $name';

let cloud: TunnelCloud;
let line: WanLink;
let count = 0;

beforeAll(async () => {
  line = await startWanLink({ target: { port: 0 } });
  cloud = await TunnelCloud.start({ extra: { 'keyfile-issuer': { ADIT_PUBLIC_ENDPOINTS: `127.0.0.1:${line.port}` } } });
  line.target.port = cloud.tunnelPort;
}, 90_000);

afterAll(async () => {
  await cloud?.stop();
  await line?.stop();
}, 30_000);

const newScene = async (): Promise<Scene> => {
  const { agentId, text } = await cloud.newKeyfile(await cloud.newSite());
  const stateDir = join(cloud.platform.dataDir, `agent-${++count}`);
  return { cloud, line, agentId, agent: new AgentProcess({ stateDir, keyfile: text }) };
};

/** SIGKILL; resolves when the next process of the victim is there, and everybody has been let go. */
const killAt = async ({ victim, reach }: StopPoint, scene: Scene): Promise<void> => {
  const letGo = await reach(scene);
  if (victim === 'agent') {
    const { back } = scene.agent.kill();
    letGo();
    await back;
  } else {
    const killed = cloud.platform.kill(victim);
    letGo();
    await killed;
  }
};

/** Exactly one certificate is the agent's, cloud and site agree on which, and the tunnel is up by it. */
const expectOneIdentity = async ({ agent, agentId }: Scene): Promise<void> => {
  const open = () =>
    cloud.query<{ serial: string }>(
      `SELECT c.serial FROM tunnel_session t JOIN certificate c ON c.serial = t.certificate_serial
        WHERE t.agent_id = $1 AND t.closed_at IS NULL AND c.state = 'current'`,
      [agentId],
    );
  await waitUntil('the tunnel is up by the certificate that the site has', async () => {
    const [row] = await open();
    return row !== undefined && row.serial === agent.serial && agent.state('renewal.json') === undefined;
  });
  const rows = await certificatesOf({ cloud, agentId });
  expect(rows.map(({ state }) => state)).toEqual([...Array<string>(rows.length - 1).fill('superseded'), 'current']);
};

/** On a slow machine what was interrupted may be done beside what was asked for: then it is renewed twice. */
const renewed = async (scene: Scene, generation: number): Promise<number> => {
  const rows = async () => certificatesOf(scene);
  await waitUntil(
    `there is a certificate of generation ${generation} or later`,
    async () => (await rows()).length >= generation && (await rows()).at(-1)?.state === 'current',
    40_000,
  );
  return (await rows()).length;
};

describe('a renewal', () => {
  it.each(RENEWAL_STOPS)(
    TITLE,
    async (stop) => {
      const scene = await newScene();
      try {
        await scene.agent.start();
        await killAt(stop, scene);
        // What was interrupted is due again, or done already.
        if ((await certificatesOf(scene)).length < 2) scene.agent.askToRenew();
        const generation = await renewed(scene, 2);
        await expectOneIdentity(scene);
        scene.agent.askToRenew();
        await renewed(scene, generation + 1);
        await expectOneIdentity(scene);
      } finally {
        await scene.agent.stop();
      }
    },
    90_000,
  );
});

describe('an enrolment', () => {
  it.each(ENROLMENT_STOPS)(
    TITLE,
    async (stop) => {
      const scene = await newScene();
      try {
        await killAt(stop, scene);
        await expectOneIdentity(scene);
        expect(await certificatesOf(scene)).toHaveLength(1);
      } finally {
        await scene.agent.stop();
      }
    },
    60_000,
  );
});
