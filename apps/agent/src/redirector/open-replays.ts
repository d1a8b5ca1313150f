import { MediaError, type OpenReplay, type ReplaySink, type ReplaySource } from '@app/media';
import type { RecordingSource } from '../site/site-connector.js';

interface Running {
  key: string;
  replay: OpenReplay;
  sink: ReplaySink;
}

/** The replays that run, so that those of a camera that was taken away can be ended. */
export class OpenReplays {
  readonly #running = new Set<Running>();

  get count(): number {
    return this.#running.size;
  }

  track(recordings: RecordingSource): ReplaySource {
    return { open: (sink, signal) => this.#open(recordings, sink, signal) };
  }

  endUnless(isHeld: (key: string) => boolean): void {
    for (const running of this.#running) {
      if (isHeld(running.key)) continue;
      this.#running.delete(running);
      void running.replay.close();
      running.sink.ended(new MediaError('camera-closed', 'The recordings are no longer on the list'));
    }
  }

  async #open(recordings: RecordingSource, sink: ReplaySink, signal: AbortSignal): Promise<OpenReplay> {
    const ended = (error: MediaError): void => {
      this.#running.delete(running);
      sink.ended(error);
    };
    const watched: ReplaySink = {
      packets: (track, packets) => sink.packets(track, packets),
      control: (track, packet) => sink.control(track, packet),
      ended,
    };
    const replay = await recordings.open(watched, signal);
    const running: Running = { key: recordings.key, replay, sink };
    this.#running.add(running);
    const close = (): Promise<void> => {
      this.#running.delete(running);
      return replay.close();
    };
    return {
      description: replay.description,
      request: (request, answered) => replay.request(request, answered),
      pause: () => replay.pause(),
      resume: () => replay.resume(),
      close,
    };
  }
}
