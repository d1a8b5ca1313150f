import { MediaError, type Credentials } from '@app/media';
import { type CallOptions, SoapClient } from './soap-client.js';
import { listAt, nodeAt, textAt, type XmlNode } from './xml.js';

const NAMESPACES = {
  device: 'http://www.onvif.org/ver10/device/wsdl',
  deviceIo: 'http://www.onvif.org/ver10/deviceIO/wsdl',
  events: 'http://www.onvif.org/ver10/events/wsdl',
  ptz: 'http://www.onvif.org/ver20/ptz/wsdl',
  media: 'http://www.onvif.org/ver10/media/wsdl',
  media2: 'http://www.onvif.org/ver20/media/wsdl',
  recording: 'http://www.onvif.org/ver10/recording/wsdl',
  search: 'http://www.onvif.org/ver10/search/wsdl',
  replay: 'http://www.onvif.org/ver10/replay/wsdl',
} as const;

export type ServiceName = keyof typeof NAMESPACES;

const KNOWN_MS = 10 * 60_000;
/** Credentials this much off are still taken by every device that was heard of. */
const CLOCK_MOVED_MS = 5_000;

/** A device by the address of its device service: its clock and where its other services are. */
export class OnvifDevice {
  readonly #soap: SoapClient;
  /** Service and action. */
  readonly #answered = new Set<string>();
  #known: { services: Map<string, string>; until: number } | undefined;

  constructor(
    readonly service: string,
    credentials: Credentials | undefined,
  ) {
    this.#soap = new SoapClient(credentials);
  }

  /** The device's clock minus ours, as it was when it was last read. */
  get skewMs(): number {
    return this.#soap.skewMs;
  }

  /** Calls a service of the device; `tag` is prefixed with `t:`, its namespace. Rejects with a MediaError. */
  async call(name: ServiceName, body: string, signal: AbortSignal, options?: CallOptions): Promise<XmlNode> {
    const url = await this.#urlOf(name, signal);
    if (url === undefined) throw new MediaError('camera-replay-refused', `The device has no ${name} service`);
    return this.callAt(url, name, body, signal, options);
  }

  /** As `call`, at an address that the device named for this purpose. */
  async callAt(
    url: string,
    name: ServiceName,
    body: string,
    signal: AbortSignal,
    options?: CallOptions,
  ): Promise<XmlNode> {
    const root = body.replace(
      /^<(\w+):(\w+)/,
      `<$1:$2 xmlns:t="${NAMESPACES[name]}" xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"`,
    );
    const answer = await this.#soap.call(url, root, signal, options).catch(async (error: unknown) => {
      if (!(await this.#isRefusedByClock(error, signal))) throw error;
      return this.#soap.call(url, root, signal, options);
    });
    this.#answered.add(`${name} ${/^<t:(\w+)/.exec(body)?.[1]}`);
    return answer;
  }

  /** Whether a service answered this action since the device was last away. */
  hasAnswered(name: ServiceName, action: string): boolean {
    return this.#answered.has(`${name} ${action}`);
  }

  /** Does without a service until the device is looked at again. */
  doWithout(name: ServiceName): void {
    this.#known?.services.delete(NAMESPACES[name]);
  }

  /** Whether the device has such a service. Rejects with a MediaError. */
  async offers(name: ServiceName, signal: AbortSignal): Promise<boolean> {
    return (await this.#urlOf(name, signal)) !== undefined;
  }

  /** Reads the clock of the device, and with the next call again where its services are. Rejects with a MediaError. */
  async look(signal: AbortSignal): Promise<void> {
    this.#known = undefined;
    await this.#setClock(signal).catch((error: unknown) => {
      this.#answered.clear();
      throw error;
    });
  }

  /** Another host than that of the list is never called. */
  ownUrl(text: string): string {
    if (!URL.canParse(text)) throw new MediaError('camera-refused', 'The device names what is no URL');
    const { hostname } = new URL(this.service);
    return text.replace(
      /^([a-z]+:\/\/)(?:[^/@]*@)?(?:\[[^\]]*\]|[^/:]+)/i,
      (_all, scheme: string) => scheme + hostname,
    );
  }

  async #urlOf(name: ServiceName, signal: AbortSignal): Promise<string | undefined> {
    return name === 'device' ? this.service : (await this.#services(signal)).get(NAMESPACES[name]);
  }

  /** A device that was started again, or whose clock was set, refuses what was made with its earlier time. */
  async #isRefusedByClock(error: unknown, signal: AbortSignal): Promise<boolean> {
    if (!(error instanceof MediaError) || error.code !== 'camera-unauthorized') return false;
    const before = this.#soap.skewMs;
    await this.#setClock(signal);
    return Math.abs(this.#soap.skewMs - before) > CLOCK_MOVED_MS;
  }

  async #services(signal: AbortSignal): Promise<Map<string, string>> {
    if (this.#known !== undefined && this.#known.until > performance.now()) return this.#known.services;
    await this.#setClock(signal);
    const services = await this.#getServices(signal);
    this.#known = { services, until: performance.now() + KNOWN_MS };
    return services;
  }

  /** Asked without an account: credentials made with the wrong time would be refused. */
  async #setClock(signal: AbortSignal): Promise<void> {
    const answer = await this.#soap
      .call(this.service, device('GetSystemDateAndTime'), signal, { isAnonymous: true })
      .catch((error: unknown) => {
        // A device that does not tell its time may still have the right one.
        if (error instanceof MediaError && TELLS_NO_TIME.has(error.code)) return {};
        throw error;
      });
    const utc = nodeAt(answer, 'GetSystemDateAndTimeResponse', 'SystemDateAndTime', 'UTCDateTime');
    const number = (...path: string[]): number => Number(textAt(utc, ...path));
    const day = [number('Date', 'Year'), number('Date', 'Month') - 1, number('Date', 'Day')] as const;
    const ms = Date.UTC(...day, number('Time', 'Hour'), number('Time', 'Minute'), number('Time', 'Second'));
    this.#soap.skewMs = Number.isNaN(ms) ? 0 : ms - Date.now();
  }

  async #getServices(signal: AbortSignal): Promise<Map<string, string>> {
    const asked = '<t:IncludeCapability>false</t:IncludeCapability>';
    try {
      const answer = await this.#soap.call(this.service, device('GetServices', asked), signal);
      const found = listAt(nodeAt(answer, 'GetServicesResponse'), 'Service');
      return new Map(found.map((one) => [textAt(one, 'Namespace') ?? '', this.ownUrl(textAt(one, 'XAddr') ?? '')]));
    } catch (error) {
      if (!(error instanceof MediaError) || error.code !== 'camera-replay-refused') throw error;
      return this.#getCapabilities(signal);
    }
  }

  /** Devices before ONVIF 2.0 know no GetServices. */
  async #getCapabilities(signal: AbortSignal): Promise<Map<string, string>> {
    const answer = await this.#soap.call(
      this.service,
      device('GetCapabilities', '<t:Category>All</t:Category>'),
      signal,
    );
    const capabilities = nodeAt(answer, 'GetCapabilitiesResponse', 'Capabilities');
    const extension = nodeAt(capabilities, 'Extension');
    const services = new Map<string, string>();
    for (const [name, node, member] of [
      ['events', capabilities, 'Events'],
      ['ptz', capabilities, 'PTZ'],
      ['deviceIo', extension, 'DeviceIO'],
      ['media', capabilities, 'Media'],
      ['recording', extension, 'Recording'],
      ['search', extension, 'Search'],
      ['replay', extension, 'Replay'],
    ] as const) {
      const address = textAt(node, member, 'XAddr');
      if (address !== undefined) services.set(NAMESPACES[name], this.ownUrl(address));
    }
    return services;
  }
}

const TELLS_NO_TIME: ReadonlySet<string> = new Set(['camera-unauthorized', 'camera-replay-refused', 'camera-refused']);

const device = (name: string, content = ''): string =>
  `<t:${name} xmlns:t="${NAMESPACES.device}">${content}</t:${name}>`;
