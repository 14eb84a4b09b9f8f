/** What the events of an add-on meter come to in a period. */
export type Aggregation =
  /** The sum of their values. */
  | 'sum'
  /** How many there were. */
  | 'count'
  /** Each subject's greatest value, added up. */
  | 'max'
  /** How many different values each subject had, added up; without values, how many subjects. */
  | 'unique'
  /** Each subject's value, held until its next one, on average over the period. */
  | 'level';

export const AGGREGATIONS: readonly Aggregation[] = ['sum', 'count', 'max', 'unique', 'level'];

/** What a subject has to be: anything, or a mailbox or domain of the partner's. */
export type SubjectKind = 'any' | 'mailbox' | 'domain';

/** A meter of the operator's or a partner's own, fed by CloudEvents whose type is its code. */
export interface AddOnMeter {
  readonly id: string;
  /** `null` for the operator's, which every partner may feed. */
  readonly partnerId: string | null;
  readonly code: string;
  readonly name: string;
  /** What one of it is called on a bill. */
  readonly unit: string;
  readonly aggregation: Aggregation;
  readonly subjects: SubjectKind;
  /** Silence for longer is a finding; `null` where silence is nothing. */
  readonly silentHours: number | null;
  readonly createdAt: Date;
  /** From then on it takes no events. */
  readonly archivedAt: Date | null;
}

export type NewAddOnMeter = Omit<AddOnMeter, 'id' | 'createdAt' | 'archivedAt'>;

/** How an event of an add-on meter is kept. */
export type AddOnKind = 'counter' | 'peak' | 'unique' | 'gauge';

export const KIND_OF_AGGREGATION: Readonly<Record<Aggregation, AddOnKind>> = {
  sum: 'counter',
  count: 'counter',
  max: 'peak',
  unique: 'unique',
  level: 'gauge',
};

/** An event of an add-on meter, ready to be counted. */
export interface AddOnEvent {
  readonly id: string;
  /** `partner:` and the CloudEvent's source: no partner's event can take the key of one of ours. */
  readonly source: string;
  readonly partnerId: string;
  readonly at: string;
  readonly subject: string;
  readonly label?: string;
  readonly kind: AddOnKind;
  readonly meter: string;
  /** Decimal. */
  readonly quantity: string;
  /** Of `unique`: what is counted once. */
  readonly item?: string;
}
