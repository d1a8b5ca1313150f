import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';

export const DISCOVERY_GROUP = '239.255.255.250';
export const DISCOVERY_PORT = 3702;

export interface Discoverable {
  /** Addresses of its device service, with spaces between them. */
  addresses: string;
  name: string;
  hardware?: string;
  id?: string;
}

export interface ResponderOptions {
  /** Answers everything twice, as devices with two addresses do, and says things that are no answer at all. */
  isNoisy?: boolean;
}

/** Answers the probes of WS-Discovery for devices, on the interface with `address`. */
export class DiscoveryResponder implements AsyncDisposable {
  /** Probes that came in. */
  probes = 0;

  private constructor(
    private readonly socket: Socket,
    readonly devices: readonly Discoverable[],
    private readonly options: ResponderOptions,
  ) {
    socket.on('message', (message, from) => this.#answer(message.toString(), from));
  }

  static async start(
    address: string,
    devices: readonly Discoverable[],
    options: ResponderOptions = {},
  ): Promise<DiscoveryResponder> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(DISCOVERY_PORT);
    await once(socket, 'listening');
    socket.addMembership(DISCOVERY_GROUP, address);
    socket.setMulticastInterface(address);
    return new DiscoveryResponder(socket, devices, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }

  #answer(text: string, from: RemoteInfo): void {
    const asked = /<(?:[\w-]+:)?MessageID[^>]*>\s*([^<\s]+)\s*</.exec(text)?.[1];
    if (asked === undefined || !/<(?:[\w-]+:)?Probe[\s>/]/.test(text)) return;
    this.probes++;
    const answers = this.devices.map((device) => probeMatch(device, asked));
    const noise = ['<<< what other software shouts here', probeMatch({ addresses: 'x', name: 'x' }, 'urn:uuid:other')];
    for (const answer of this.options.isNoisy === true ? [...noise, ...answers, ...answers] : answers) {
      this.socket.send(answer, from.port, from.address);
    }
  }
}

const probeMatch = (
  { addresses, name, hardware = 'Simulator', id = randomUUID() }: Discoverable,
  asked: string,
): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">',
    `<SOAP-ENV:Header><wsa:MessageID>urn:uuid:${randomUUID()}</wsa:MessageID><wsa:RelatesTo>${asked}</wsa:RelatesTo>`,
    '<wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>',
    '<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action></SOAP-ENV:Header>',
    `<SOAP-ENV:Body><d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference><wsa:Address>urn:uuid:${id}</wsa:Address></wsa:EndpointReference>`,
    '<d:Types>dn:NetworkVideoTransmitter</d:Types>',
    `<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/hardware/${encodeURIComponent(hardware)} onvif://www.onvif.org/name/${encodeURIComponent(name)} onvif://www.onvif.org/location/country/nowhere</d:Scopes>`,
    `<d:XAddrs>${addresses}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>`,
  ].join('');
