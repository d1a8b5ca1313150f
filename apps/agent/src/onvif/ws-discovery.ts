import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { listAt, nodeAt, parseEnvelope, textAt, type XmlNode } from './xml.js';

/** Multicast group and port of WS-Discovery 1.0 (April 2005), which ONVIF uses. */
const GROUP = '239.255.255.250';
const PORT = 3702;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_DEVICES = 2_000;
/** UDP loses: the probe is sent this often. */
const PROBES = 2;

/** A device as it announces itself; nothing of it is proven. */
export interface DiscoveredDevice {
  /** Its endpoint reference, such as `urn:uuid:…`. */
  id: string;
  /** Where the answer came from. */
  from: string;
  /** URLs of its device service, those at `from` first. */
  addresses: string[];
  name: string;
  hardware: string;
}

export interface DiscoveryOptions {
  /** Of the own interfaces that are asked on, one socket each. */
  interfaces: readonly string[];
  waitMs: number;
  signal?: AbortSignal;
}

/** Asks the local networks for ONVIF devices. Rejects when no interface can send a multicast. */
export const discoverDevices = async (options: DiscoveryOptions): Promise<DiscoveredDevice[]> => {
  const found = new Map<string, DiscoveredDevice>();
  const asked = await Promise.allSettled(options.interfaces.map((address) => probe(address, options, found)));
  const failed = asked.find((one) => one.status === 'rejected');
  if (failed !== undefined && asked.every(({ status }) => status === 'rejected')) throw failed.reason;
  return [...found.values()].sort((one, other) => one.from.localeCompare(other.from, 'en', { numeric: true }));
};

const probe = async (
  address: string,
  { waitMs, signal }: DiscoveryOptions,
  found: Map<string, DiscoveredDevice>,
): Promise<void> => {
  const id = `urn:uuid:${randomUUID()}`;
  const socket = createSocket('udp4');
  socket.on('message', (message, { address: from }) => {
    if (message.length > MAX_ANSWER_BYTES) return;
    for (const device of readMatches(message.toString(), id, from)) {
      if (found.size < MAX_DEVICES && !found.has(device.id)) found.set(device.id, device);
    }
  });
  try {
    socket.bind(0, address);
    await once(socket, 'listening');
    socket.setMulticastInterface(address);
    for (let round = 0; round < PROBES; round++) {
      await send(socket, probeMessage(id));
      await sleep(waitMs / PROBES, undefined, signal === undefined ? {} : { signal });
    }
  } finally {
    socket.close();
  }
};

const send = (socket: Socket, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(text, PORT, GROUP, (error) => (error === null ? resolve() : reject(error)));
  });

const probeMessage = (id: string): string =>
  [
    '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">',
    `<s:Header><a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action><a:MessageID>${id}</a:MessageID>`,
    '<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>',
    '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header><s:Body>',
    '<d:Probe xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><d:Types xmlns:n="http://www.onvif.org/ver10/network/wsdl">n:NetworkVideoTransmitter</d:Types></d:Probe>',
    '</s:Body></s:Envelope>',
  ].join('');

/** Anybody can send anything to this port: what is no answer to the probe is nothing. */
export const readMatches = (text: string, probeId: string, from: string): DiscoveredDevice[] => {
  if (!text.includes(probeId)) return [];
  try {
    return listAt(nodeAt(parseEnvelope(text), 'ProbeMatches'), 'ProbeMatch').flatMap((match) => readMatch(match, from));
  } catch {
    return [];
  }
};

const readMatch = (match: XmlNode, from: string): DiscoveredDevice[] => {
  const all = words(textAt(match, 'XAddrs')).filter((url) => /^https?:\/\//i.test(url) && URL.canParse(url));
  const isOwn = (url: string): boolean => new URL(url).hostname === from;
  const addresses = [...all.filter(isOwn), ...all.filter((url) => !isOwn(url))].slice(0, 8);
  if (addresses.length === 0) return [];
  const scopes = words(textAt(match, 'Scopes'));
  const scope = (kind: string): string => {
    const prefix = `onvif://www.onvif.org/${kind}/`;
    const found = scopes.find((one) => one.toLowerCase().startsWith(prefix));
    return found === undefined ? '' : printable(decoded(found.slice(prefix.length)));
  };
  const id = printable(textAt(match, 'EndpointReference', 'Address')?.trim() ?? '') || (addresses[0] ?? '');
  return [{ id, from, addresses, name: scope('name'), hardware: scope('hardware') }];
};

const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter(Boolean).slice(0, 64);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** It is shown on a terminal. */
const printable = (text: string): string => text.replace(/\p{C}/gu, '').slice(0, 100);
