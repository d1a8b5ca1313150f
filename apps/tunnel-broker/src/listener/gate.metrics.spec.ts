import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GateMetrics } from './gate.metrics.js';
import { OUTCOMES } from './visit.js';

describe('the figures of the gate', () => {
  const { registry } = new GateMetrics();

  it('name every outcome of a handshake in their help, and in the documentation', async () => {
    const help = (await registry.metrics())
      .split('\n')
      .find((line) => line.includes('HELP adit_gate_handshakes_total'));
    const documented = readFileSync(join(__dirname, '../../../../docs/metrics.md'), 'utf8')
      .split('\n')
      .find((line) => line.includes('`adit_gate_handshakes_total`'));
    for (const outcome of OUTCOMES) {
      expect(help).toContain(outcome);
      expect(documented).toContain(`\`${outcome}\``);
    }
  });
});
