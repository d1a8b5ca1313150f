/** What the first of them says that has an answer, such as the connector that knows the entity. */
export const firstAnswer = <One, Answer>(
  all: Iterable<One>,
  ask: (one: One) => Answer | undefined,
): Answer | undefined => {
  for (const one of all) {
    const answer = ask(one);
    if (answer !== undefined) return answer;
  }
  return undefined;
};
