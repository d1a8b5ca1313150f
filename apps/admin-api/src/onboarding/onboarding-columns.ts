/** What a site can have; one more is one entry here and in the schema of `onboarding-plan.ts`. */
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
