import { DeviceFault, field, type Answer } from './onvif-answers.js';

type Items = Record<string, string>;

interface Subscription {
  endsAt: number;
  messages: string[];
  wake: () => void;
}

const itemsOf = (items: Items): string =>
  Object.entries(items)
    .map(([name, value]) => `<tt:SimpleItem Name="${name}" Value="${value}"/>`)
    .join('');

/** The events of a device, its properties and who is subscribed. */
export class EventQueue {
  /** By id; each ends when it was not renewed in time. */
  readonly subscriptions = new Map<string, Subscription>();
  readonly #properties = new Map<string, { topic: string; source: Items; data: Items }>();
  #made = 0;

  /** @param now by the clock of the device */
  constructor(private readonly now: () => number) {}

  /** A property changes, and every subscriber is told. @param topic without a prefix */
  change(topic: string, source: Items, data: Items): void {
    this.#properties.set(topic + JSON.stringify(source), { topic, source, data });
    this.#tell(this.#message(`tns1:${topic}`, source, data, 'Changed'));
  }

  /** Something without a state happens. @param topic with its prefix */
  pulse(topic: string, source: Items, data: Items): void {
    this.#tell(this.#message(topic, source, data));
  }

  /** @returns the id of a subscription that begins with the state of every property */
  subscribe(lifeMs: number): string {
    const id = `${++this.#made}`;
    const messages = [...this.#properties.values()].map(({ topic, source, data }) =>
      this.#message(`tns1:${topic}`, source, data, 'Initialized'),
    );
    this.subscriptions.set(id, { endsAt: Date.now() + lifeMs, messages, wake: () => undefined });
    return id;
  }

  /** @throws DeviceFault for one that ended */
  find(id: string): Subscription {
    const found = this.subscriptions.get(id);
    if (found !== undefined && found.endsAt > Date.now()) return found;
    this.subscriptions.delete(id);
    throw new DeviceFault('ter:ResourceUnknownFault');
  }

  /** Forgets all of them, as a restart does. */
  drop(): void {
    for (const { wake } of this.subscriptions.values()) wake();
    this.subscriptions.clear();
  }

  iso(ms = this.now()): string {
    return new Date(ms).toISOString();
  }

  #tell(message: string): void {
    for (const one of this.subscriptions.values()) {
      one.messages.push(message);
      one.wake();
    }
  }

  #message(topic: string, source: Items, data: Items, operation?: string): string {
    const state = operation === undefined ? '' : ` PropertyOperation="${operation}"`;
    return [
      `<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">${topic}</wsnt:Topic>`,
      `<wsnt:Message><tt:Message UtcTime="${this.iso()}"${state}><tt:Source>${itemsOf(source)}</tt:Source>`,
      `<tt:Data>${itemsOf(data)}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>`,
    ].join('');
  }
}

const secondsOf = (duration: string | undefined): number =>
  Number(/^PT(\d+)S$/.exec(duration ?? '')?.[1] ?? 0) + 60 * Number(/^PT(\d+)M$/.exec(duration ?? '')?.[1] ?? 0);

/** Reference parameters come back as a header, as WS-Addressing wants it, with a namespace that is declared far away. */
const idOf = (request: string): string => field(request, 'SubscriptionId') ?? '';

/** What the event service answers, by the name of the action. */
export const eventAnswers: Record<string, Answer> = {
  GetEventProperties: () =>
    '<TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml</TopicNamespaceLocation><wsnt:FixedTopicSet>true</wsnt:FixedTopicSet><wstop:TopicSet xmlns:wstop="http://docs.oasis-open.org/wsn/t-1" xmlns:tns1="http://www.onvif.org/ver10/topics"><tns1:VideoSource><MotionAlarm wstop:topic="true"><tt:MessageDescription IsProperty="true"><tt:Source><tt:SimpleItemDescription Name="Source" Type="tt:ReferenceToken"/></tt:Source><tt:Data><tt:SimpleItemDescription Name="State" Type="xs:boolean"/></tt:Data></tt:MessageDescription></MotionAlarm></tns1:VideoSource></wstop:TopicSet><TopicExpressionDialect>http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet</TopicExpressionDialect><MessageContentFilterDialect>http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter</MessageContentFilterDialect><MessageContentSchemaLocation>http://www.onvif.org/onvif/ver10/schema/onvif.xsd</MessageContentSchemaLocation>',
  CreatePullPointSubscription: (request, { events, url }) => {
    const lifeMs = (secondsOf(field(request, 'InitialTerminationTime')) || 60) * 1000;
    const id = events.subscribe(lifeMs);
    const reference = `<wsa5:ReferenceParameters><dev:SubscriptionId>${id}</dev:SubscriptionId></wsa5:ReferenceParameters>`;
    return `<SubscriptionReference xmlns:wsa5="http://www.w3.org/2005/08/addressing"><wsa5:Address>${url}/subscription</wsa5:Address>${reference}</SubscriptionReference><wsnt:CurrentTime>${events.iso()}</wsnt:CurrentTime><wsnt:TerminationTime>${events.iso(Date.now() + lifeMs)}</wsnt:TerminationTime>`;
  },
  PullMessages: async (request, { events }) => {
    const subscription = events.find(idOf(request));
    const waitMs = secondsOf(field(request, 'Timeout')) * 1000;
    if (subscription.messages.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        subscription.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const limit = Number(field(request, 'MessageLimit') ?? 10);
    const page = events.find(idOf(request)).messages.splice(0, limit);
    return `<CurrentTime>${events.iso()}</CurrentTime><TerminationTime>${events.iso()}</TerminationTime>${page.join('')}`;
  },
  Renew: (request, { events }) => {
    const lifeMs = (secondsOf(field(request, 'TerminationTime')) || 60) * 1000;
    events.find(idOf(request)).endsAt = Date.now() + lifeMs;
    return `<wsnt:TerminationTime>${events.iso()}</wsnt:TerminationTime><wsnt:CurrentTime>${events.iso()}</wsnt:CurrentTime>`;
  },
  SetSynchronizationPoint: () => '',
  Unsubscribe: (request, { events }) => {
    const id = idOf(request);
    events.find(id).wake();
    events.subscriptions.delete(id);
    return '';
  },
};
