/**
 * Tests that mostly wait and leave each other alone: all begin together, after the hooks that stand before the call, and
 * each has a result of its own. What is tried a second time runs alone.
 * @param tests by title
 */
export const sideBySide = (tests: Readonly<Record<string, () => Promise<void>>>, limitMs: number): void => {
  const begun = new Map<string, Promise<void>>();

  beforeAll(() => {
    for (const [title, run] of Object.entries(tests)) {
      const running = run();
      // Its failure is told by its own test, which may be waited for later.
      running.catch(() => undefined);
      begun.set(title, running);
    }
  });

  it.each(Object.entries(tests))(
    '%s',
    (title, run) => {
      const first = begun.get(title);
      begun.delete(title);
      return first ?? run();
    },
    limitMs,
  );
};
