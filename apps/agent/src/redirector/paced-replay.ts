import type { OpenReplay, ReplaySink, ReplaySource } from '@app/media';

/** A replay that two may hold: its link, when the other redirector does not keep up, and the site's share. */
export class PacedReplay {
  #replay: OpenReplay | undefined;
  #isHeldByLink = false;
  #isHeldByShare = false;
  #isPaused = false;

  constructor(
    private readonly source: ReplaySource,
    /** Told of all that the device sends. */
    private readonly spent: (bytes: number) => void,
  ) {}

  /** As a source for one link. */
  get paced(): ReplaySource {
    return { open: (sink, signal) => this.#open(sink, signal) };
  }

  hold(isHeld: boolean): void {
    this.#isHeldByShare = isHeld;
    this.#apply();
  }

  async #open(sink: ReplaySink, signal: AbortSignal): Promise<OpenReplay> {
    const counting: ReplaySink = {
      packets: (track, packets) => {
        this.spent(packets.reduce((sum, packet) => sum + packet.length, 0));
        sink.packets(track, packets);
      },
      control: (track, packet) => sink.control(track, packet),
      ended: (error) => sink.ended(error),
    };
    const replay = await this.source.open(counting, signal);
    this.#replay = replay;
    this.#apply();
    return {
      description: replay.description,
      request: (request, answered) => replay.request(request, answered),
      pause: () => this.#holdByLink(true),
      resume: () => this.#holdByLink(false),
      close: () => replay.close(),
    };
  }

  #holdByLink(isHeld: boolean): void {
    this.#isHeldByLink = isHeld;
    this.#apply();
  }

  #apply(): void {
    const isPaused = this.#isHeldByLink || this.#isHeldByShare;
    if (this.#replay === undefined || isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#replay.pause();
    else this.#replay.resume();
  }
}
