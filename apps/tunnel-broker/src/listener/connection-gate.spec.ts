import { ConnectionGate, DEFAULT_GATE_LIMITS } from './connection-gate.js';

const limits = {
  ...DEFAULT_GATE_LIMITS,
  halfOpenPerAddress: 2,
  halfOpen: 3,
  failuresPerWindow: 2,
  windowMs: 1_000,
  addresses: 3,
};

describe('the gate of the tunnel listener', () => {
  it('limits handshakes under way per address and in all', () => {
    const gate = new ConnectionGate(limits);
    const first = gate.enter('a');
    gate.enter('a');
    expect(gate.enter('a')).toBeUndefined();
    gate.enter('b');
    expect(gate.enter('c')).toBeUndefined();
    first?.('ok');
    first?.('ok');
    expect(gate.enter('c')).toBeInstanceOf(Function);
    expect(gate.enter('c')).toBeUndefined();
  });

  it('never counts good sessions', () => {
    const gate = new ConnectionGate(limits);
    for (let session = 0; session < 100; session++) gate.enter('nat')?.('ok');
    expect(gate.enter('nat')).toBeInstanceOf(Function);
  });

  it('turns an address away after failures, until the window is over', () => {
    let now = 0;
    const gate = new ConnectionGate(limits, () => now);
    gate.enter('a')?.('failed');
    gate.fail('a');
    expect(gate.enter('a')).toBeUndefined();
    expect(gate.enter('b')).toBeInstanceOf(Function);
    now = 1_000;
    expect(gate.enter('a')).toBeInstanceOf(Function);
  });

  it('remembers a bounded number of addresses', () => {
    const gate = new ConnectionGate({ ...limits, failuresPerWindow: 1 });
    gate.fail('a');
    for (const address of ['b', 'c', 'd']) gate.fail(address);
    expect(gate.enter('a')).toBeInstanceOf(Function);
    expect(gate.enter('d')).toBeUndefined();
  });
});
