import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { MediaError } from '../errors.js';
import type { Hub } from '../hub/hub.js';
import type { StreamDescription, Track } from '../stream-description.js';
import { Viewer, type ViewerOptions } from '../rtsp/viewer.js';
import { DatagramDelivery, type DatagramTrack } from './datagram.js';
import { MulticastPool } from './multicast-pool.js';
import type { PacerOptions } from './pacer.js';
import { bindSocket } from './udp-ports.js';

export interface MulticastOptions {
  /** Range of group addresses, for example `239.192.7.0/24`. */
  groups: string;
  /** RTP of the first track; every track takes this and the next port, the one after goes on from there. */
  port: number;
  /** Routers a packet may pass, plus one. */
  ttl: number;
}

/** What those who share a group see of it. */
export interface MulticastGroup {
  readonly address: string;
  readonly ttl: number;
  portOf(track: Track): number;
  readonly viewer: Viewer;
  /** Tells every sign of life of a receiver. */
  readonly heard: Set<(address: string) => void>;
  /** Told when the hub cannot serve the group any more. */
  readonly ended: Set<(error: MediaError) => void>;
}

interface Entry {
  group: Promise<OpenGroup>;
  users: number;
}

export interface Membership {
  readonly group: MulticastGroup;
  /** The last one to leave stops the group. Harmless when repeated. */
  leave(): void;
}

/** One group for all who watch the same hub on the same interface. */
export class MulticastGroups {
  readonly #pool: MulticastPool;
  readonly #entries = new Map<Hub, Map<string, Entry>>();

  /** @throws RangeError for a range that is none */
  constructor(
    readonly options: MulticastOptions,
    readonly pacing: PacerOptions,
  ) {
    this.#pool = new MulticastPool(options.groups);
  }

  get size(): number {
    return [...this.#entries.values()].reduce((sum, ofHub) => sum + ofHub.size, 0);
  }

  /**
   * Joins the group of a hub on the interface that has `local`, and makes it when there is none.
   * @throws MediaError `multicast-groups-exhausted`, or `source-failed` when the interface takes no group
   */
  async join(hub: Hub, description: StreamDescription, local: string, viewer: ViewerOptions): Promise<Membership> {
    const ofHub = this.#entries.get(hub) ?? new Map<string, Entry>();
    this.#entries.set(hub, ofHub);
    const entry = ofHub.get(local) ?? { group: this.#open(hub, description, local, viewer), users: 0 };
    ofHub.set(local, entry);
    entry.users++;
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      if (--entry.users > 0) return;
      if (ofHub.get(local) === entry) ofHub.delete(local);
      if (ofHub.size === 0) this.#entries.delete(hub);
      entry.group.then((group) => group.close()).catch(() => undefined);
    };
    try {
      return { group: await entry.group, leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #open(hub: Hub, description: StreamDescription, local: string, viewer: ViewerOptions): Promise<OpenGroup> {
    const address = this.#pool.take();
    if (address === undefined)
      throw new MediaError('multicast-groups-exhausted', `All of ${this.options.groups} are in use`);
    const group = new OpenGroup(address, this.options, () => this.#pool.giveBack(address));
    try {
      await group.open(hub, description, local, viewer, this.pacing);
      return group;
    } catch (error) {
      group.close();
      throw new MediaError('source-failed', `The group ${address} cannot be sent to`, undefined, { cause: error });
    }
  }
}

class OpenGroup implements MulticastGroup {
  readonly heard = new Set<(address: string) => void>();
  readonly ended = new Set<(error: MediaError) => void>();
  #delivery: DatagramDelivery | undefined;
  #viewer: Viewer | undefined;

  constructor(
    readonly address: string,
    readonly options: MulticastOptions,
    readonly freed: () => void,
  ) {}

  get ttl(): number {
    return this.options.ttl;
  }

  get viewer(): Viewer {
    return this.#viewer!;
  }

  portOf({ index }: Track): number {
    return this.options.port + 2 * index;
  }

  async open(
    hub: Hub,
    { tracks }: StreamDescription,
    local: string,
    viewer: ViewerOptions,
    pacing: PacerOptions,
  ): Promise<void> {
    this.#delivery = new DatagramDelivery('multicast', pacing);
    for (const track of tracks) this.#delivery.add(track.index, await this.#sockets(track, local));
    // A burst of the past would be seen by all who watch already.
    const options: ViewerOptions = { ...viewer, join: 'keyframe' };
    this.#viewer = new Viewer(this.#delivery, hub, tracks, options, (error) => {
      for (const told of [...this.ended]) told(error);
    });
  }

  close(): void {
    this.#viewer?.stop();
    this.#delivery?.close();
    this.freed();
  }

  async #sockets(track: Track, local: string): Promise<DatagramTrack> {
    const port = this.portOf(track);
    const opened: Socket[] = [];
    const close = (): void => opened.splice(0).forEach((socket) => void socket.close());
    try {
      const rtp = await this.#sender(local, opened);
      const rtcp = await this.#sender(local, opened);
      rtp.connect(port, this.address);
      await once(rtp, 'connect');
      await this.#listen(port + 1, local, rtcp.address().port, opened);
      return { rtp, control: (packet) => rtcp.send(packet, port + 1, this.address, () => undefined), close };
    } catch (error) {
      close();
      throw error;
    }
  }

  async #sender(local: string, opened: Socket[]): Promise<Socket> {
    const socket = createSocket('udp4');
    opened.push(socket);
    socket.bind({ port: 0, address: local });
    await once(socket, 'listening');
    socket.on('error', () => undefined);
    socket.setMulticastInterface(local);
    socket.setMulticastTTL(this.options.ttl);
    // Players on this very machine are receivers like others.
    socket.setMulticastLoopback(true);
    return socket;
  }

  /** Receivers report to the group; without their reports the sessions live on the RTSP connection alone. */
  async #listen(port: number, local: string, ownPort: number, opened: Socket[]): Promise<void> {
    const socket = await bindSocket(this.address, port, true);
    if (!socket) return;
    opened.push(socket);
    socket.addMembership(this.address, local);
    socket.on('message', (_packet, from) => {
      if (from.address === local && from.port === ownPort) return;
      for (const told of [...this.heard]) told(from.address);
    });
  }
}
