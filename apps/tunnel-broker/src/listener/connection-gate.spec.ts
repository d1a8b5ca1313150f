import { originOf } from './balancers.js';
import { Door, SMALL } from './connection-gate.kit.js';

describe('the gate of the tunnel listener', () => {
  it('lets a storm wait in line instead of turning it away', () => {
    const door = new Door();
    const visits = door.hellos('nat', 'a b c d e f');
    expect(door.started).toEqual(['a', 'b', 'c']);
    for (const visit of visits) {
      visit.judging();
      visit.end('admitted');
    }
    expect(door.started).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(door.turnedAway).toEqual([]);
    expect(door.outcomes).not.toContain('admitted, slowed');
  });

  it('lets addresses take turns, however many one of them sends', () => {
    const door = new Door();
    const [first] = door.hellos('loud', 'l1 l2 l3 l4 l5 l6');
    door.hellos('quiet', 'q1 q2');
    expect(door.started).toEqual(['l1', 'l2', 'l3', 'q1']);
    first?.end('left');
    expect(door.started.slice(4)).toEqual(['q2']);
    expect(door.gate.counts.places).toBe(4);
  });

  it('gives nobody a handshake who has sent no ClientHello, and turns him away in time', () => {
    const door = new Door();
    for (let count = 0; count < 8; count++) door.silent('flood', `s${count}`);
    door.hello('flood', 'agent').end('admitted');
    expect(door.started).toEqual(['agent']);
    door.wait(door.limits.helloMs);
    expect(door.turnedAway).toHaveLength(8);
    expect(door.turnedAway[0]).toBe('s0: hello-late');
  });

  it('makes room by what the loudest address has too much of', () => {
    const door = new Door();
    door.hellos('agent', 'a1 a2 a3 a4');
    for (let count = 0; count < 30; count++) door.silent('flood', `s${count}`);
    expect(door.turnedAway).toHaveLength(21);
    expect(door.turnedAway.every((line) => line.startsWith('s'))).toBe(true);
    expect(door.gate.counts.waiting).toBe(10);
  });

  it('makes room by the holder of a /48, whichever of its many addresses he uses', () => {
    const door = new Door();
    door.silent('agent');
    for (let count = 0; count < 30; count++) door.silent(originOf(`2001:db8:0:${count}::1`), `s${count}`);
    for (let count = 0; count < 3; count++) door.silent(`agent ${count}`);
    expect(door.turnedAway).toHaveLength(24);
    expect(door.turnedAway.every((line) => line.startsWith('s'))).toBe(true);
    expect(door.gate.counts).toMatchObject({ waiting: 10, addresses: 10 });
  });

  it('goes on when it cannot begin one handshake', () => {
    const door = new Door({ places: 1 });
    const fault = () => {
      throw new Error('no handshake');
    };
    const visit = door.silent('nat');
    expect(() => visit.queue(fault)).toThrow('no handshake');
    door.hello('nat', 'next');
    visit.end('left');
    expect(door.started).toEqual(['next']);
  });

  it('stays bounded when more addresses come than may wait', () => {
    const door = new Door();
    for (let count = 0; count < 50; count++) door.silent(`address ${count}`);
    expect(door.gate.counts).toMatchObject({ waiting: 10, addresses: 10 });
    expect(door.turnedAway[0]).toBe('address 0: crowded');
  });

  it('ends a wait before the agent would', () => {
    const door = new Door();
    door.hellos('nat', 'a b c d').forEach((visit) => visit.judging());
    door.wait(door.limits.waitMs - 100);
    expect(door.turnedAway).toEqual([]);
    door.wait(100);
    expect(door.turnedAway).toEqual(['d: line-too-long']);
    expect(door.outcomes).toEqual([]);
  });

  it('ends it sooner where credit is missing, so that another try has its chance', () => {
    const door = new Door({ credit: { most: 2, perSecond: 0 } });
    for (let count = 0; count < 2; count++) door.pass('nat', 'failed');
    door.hello('nat', 'agent');
    door.wait(door.limits.poorWaitMs);
    expect(door.turnedAway).toEqual(['agent: line-too-long']);
  });
});

describe('an address whose handshakes fail', () => {
  it('gets further ones slowly, and is never locked out', () => {
    const door = new Door();
    for (let count = 0; count < 4; count++) door.pass('nat', 'failed');
    expect(door.started).toHaveLength(4);
    door.hello('nat', 'agent');
    expect(door.started).toHaveLength(4);
    door.wait(1_200);
    expect(door.started).toHaveLength(5);
    expect(door.turnedAway).toEqual([]);
  });

  it('slows no other address', () => {
    const door = new Door();
    for (let count = 0; count < 8; count++) door.hello('bad').end('failed');
    door.hello('good');
    expect(door.started).toContain('good');
  });

  it('earns credit by the agents that come in between', () => {
    const door = new Door({ knownCredit: SMALL.credit });
    for (let count = 0; count < 3; count++) door.pass('nat', 'failed');
    for (let count = 0; count < 20; count++) {
      door.pass('nat', 'admitted');
      for (let failure = 0; failure < 3; failure++) door.pass('nat', 'failed');
    }
    expect(door.started).toHaveLength(83);
  });

  it('gets its credit back faster when agents are known to live there', () => {
    const [known, stranger] = [true, false].map((isKnown) => {
      const door = new Door();
      if (isKnown) door.pass('nat', 'admitted');
      for (let count = 0; count < 14; count++) door.attack('nat');
      const before = door.started.length;
      door.wait(2_000);
      return door.started.length - before;
    });
    expect(stranger).toBeGreaterThan(0);
    expect(known).toBeGreaterThan(stranger ?? 0);
  });

  it('is not charged for agents that lost patience in line, only for those that leave at once', () => {
    const door = new Door({ places: 1 });
    const holder = door.hello('other');
    holder.judging();
    const patient = [0, 1, 2, 3, 4, 5].map(() => door.hello('nat', 'patient'));
    door.wait(door.limits.patienceMs);
    holder.end('admitted');
    for (const visit of patient) visit.end('left');
    expect(door.started.filter((name) => name === 'patient')).toHaveLength(6);
    for (let count = 0; count < 4; count++) door.pass('nat', 'left');
    const before = door.started.length;
    door.hello('nat', 'late');
    expect(door.started).toHaveLength(before);
  });

  it('is charged to all strangers together, so that many addresses cost no more than a bound', () => {
    const door = new Door({ classCredit: { most: 10, perSecond: 10 } });
    for (let count = 0; count < 30; count++) door.pass(`bot ${count}`, 'failed');
    expect(door.started).toHaveLength(10);
  });

  it('of agents is served although strangers have used up theirs', () => {
    const door = new Door({ classCredit: { most: 10, perSecond: 1 } });
    door.pass('site', 'admitted');
    for (let count = 0; count < 30; count++) door.attack(`bot ${count}`);
    door.hello('site', 'again');
    expect(door.started.at(-1)).toBe('again');
  });
});

describe('a handshake that stalls', () => {
  const stalledAfter = (door: Door, name: string): number => {
    const from = door.now;
    while (!door.turnedAway.includes(`${name}: handshake-stalled`)) door.wait(100);
    return door.now - from;
  };

  it('has its time while nobody waits for the place', () => {
    const door = new Door();
    door.hello('nat', 'slow');
    expect(stalledAfter(door, 'slow')).toBe(door.limits.stallMs);
  });

  it('is hurried when others wait for its place, by what agents take just now', () => {
    const door = new Door();
    for (let count = 0; count < 50; count++) {
      const visit = door.hello('lan');
      door.now += 20;
      visit.judging();
      visit.end('admitted');
    }
    door.hellos('nat', 'a b c waiting');
    expect(stalledAfter(door, 'a')).toBe(door.limits.hurriedStallMs);
    expect(door.started).toContain('waiting');
  });

  it('is not charged: agents with an overloaded line stall too', () => {
    const door = new Door({ credit: { most: 3, perSecond: 0 } });
    for (let round = 0; round < 5; round++) {
      door.hellos('nat', 'a b c');
      door.wait(door.limits.stallMs);
    }
    expect(door.outcomes).toEqual(Array(15).fill('stalled'));
  });

  it('is not the peer’s once it has done its part', () => {
    const door = new Door();
    const visit = door.hello('nat', 'agent');
    visit.judging();
    door.wait(60_000);
    expect(door.turnedAway).toEqual([]);
    visit.end('admitted');
    visit.end('failed');
    expect(door.outcomes).toEqual(['admitted']);
  });
});

describe('the memory of the gate', () => {
  it('forgets who left nothing behind, and keeps a bounded number of the others', () => {
    const door = new Door();
    door.silent('a').end('left');
    expect(door.gate.counts).toEqual({ waiting: 0, places: 0, addresses: 0, remembered: 0 });
    for (const origin of ['b', 'c', 'd', 'e']) door.pass(origin, 'failed');
    expect(door.gate.counts.remembered).toBe(3);
  });

  it('counts a connection for whom the balancer announces', () => {
    const door = new Door();
    const visits = ['c1', 'c2'].map((client) => {
      const visit = door.silent('balancer', client);
      visit.from(client);
      return visit;
    });
    expect(door.gate.counts).toMatchObject({ addresses: 2, waiting: 2 });
    for (const visit of visits) visit.queue(() => visit.end('failed'));
    expect(door.gate.counts).toMatchObject({ addresses: 0, remembered: 2 });
  });

  it('is right again after any order of events', () => {
    const door = new Door();
    const visits = Array.from({ length: 200 }, (_, index) => {
      const visit = index % 3 === 0 ? door.silent(`o${index % 7}`) : door.hello(`o${index % 7}`);
      if (index % 5 === 0) visit.judging();
      if (index % 4 === 0) visit.end('left');
      if (index % 10 === 0) door.wait(300);
      return visit;
    });
    for (const visit of visits) {
      visit.queue(() => undefined);
      visit.end('failed');
    }
    expect(door.gate.counts).toMatchObject({ waiting: 0, places: 0, addresses: 0 });
  });
});
