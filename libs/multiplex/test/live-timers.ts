import { type AsyncHook, createHook } from 'node:async_hooks';

/** Timers that were started since and neither fired nor were cleared, those that do not hold the process open too. */
export class LiveTimers {
  private readonly live = new Set<number>();
  private readonly hook: AsyncHook;

  constructor() {
    this.hook = createHook({
      init: (id, type) => {
        if (type === 'Timeout') this.live.add(id);
      },
      destroy: (id) => {
        this.live.delete(id);
      },
    }).enable();
  }

  get count(): number {
    return this.live.size;
  }

  stop(): void {
    this.hook.disable();
  }
}
