import { DomainError, type RotationAction, type RotationStep } from '@app/contracts';

/** What each action starts from and leads to; a rollback goes one step back, and from the first two to the beginning. */
const FORWARD: Record<Exclude<RotationAction, 'rollback'>, { from: RotationStep; to: RotationStep }> = {
  prepare: { from: 'idle', to: 'prepared' },
  publish: { from: 'prepared', to: 'published' },
  activate: { from: 'published', to: 'activated' },
  taint: { from: 'activated', to: 'tainted' },
  retire: { from: 'tainted', to: 'idle' },
};

const BACK: Record<Exclude<RotationStep, 'idle'>, RotationStep> = {
  prepared: 'idle',
  published: 'idle',
  activated: 'published',
  tainted: 'activated',
};

/** Steps in which the next tree issues, and in which both trees are trusted. */
const NEXT_ISSUES: ReadonlySet<RotationStep> = new Set(['activated', 'tainted']);
const BOTH_TRUSTED: ReadonlySet<RotationStep> = new Set(['published', 'activated', 'tainted']);

export const nextIssues = (step: RotationStep): boolean => NEXT_ISSUES.has(step);
export const bothTrusted = (step: RotationStep): boolean => BOTH_TRUSTED.has(step);

/** The step after an action. @throws DomainError `rotation-state` */
export const stepAfter = (action: RotationAction, step: RotationStep): RotationStep => {
  if (action === 'rollback') {
    if (step === 'idle') throw new DomainError('rotation-state', 'there is no rotation to take back');
    return BACK[step];
  }
  const { from, to } = FORWARD[action];
  if (step === from) return to;
  throw new DomainError('rotation-state', `${action} follows "${from}", and the rotation is at "${step}"`);
};
