/** What a site can have; one more is an entry here, in the schema of `onboarding-plan.ts` and in `onboarding_row`. */
export const COLUMNS = [
  'name',
  'label',
  'tags',
  'address',
  'latitude',
  'longitude',
  'notes',
  'validForSeconds',
] as const;
export type Column = (typeof COLUMNS)[number];
