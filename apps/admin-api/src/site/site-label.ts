import { proposeSiteLabel } from '@app/contracts';

/** Sites of one name that get a label each: hamburg, hamburg-2, … */
const MAX_PROPOSALS = 100;
const LABEL_LENGTH = 63;

export const labelProposals = (name: string): string[] => {
  const first = proposeSiteLabel(name);
  return Array.from({ length: MAX_PROPOSALS }, (_, index) => {
    const suffix = index === 0 ? '' : `-${index + 1}`;
    return `${first.slice(0, LABEL_LENGTH - suffix.length).replace(/-+$/, '')}${suffix}`;
  });
};
