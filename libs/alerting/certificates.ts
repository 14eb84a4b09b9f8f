import type { ClusterSnapshot } from '#cluster/api';
import type { Condition } from './model.ts';

/** A certificate that members of a cluster show each other, or the authority's. */
export interface CertificateEnd {
  /** The member's; `null` for the authority. */
  readonly member: string | null;
  readonly issuedAt: Date;
  readonly notAfter: Date;
}

const DAY_MS = 86_400_000;
/** Days before its end at which a public certificate is said, more urgently each time. Let's Encrypt renews at 30. */
const TLS_DAYS = [21, 7, 1];
/** The authority is good for ten years, and what stands on it takes a while to replace. */
const AUTHORITY_DAYS = [90, 30, 7];
/** Shares of a member's certificate's life: it renews itself when a third is left, so that this is too late. */
const MEMBER_SHARES = [1 / 4, 1 / 10, 0];

export function tlsConditions({ hubs, at }: Pick<ClusterSnapshot, 'hubs' | 'at'>): readonly Condition[] {
  return hubs.flatMap(({ name, tlsNotAfter }): Condition[] => {
    if (!tlsNotAfter) return [];
    const grade = gradeOf(
      tlsNotAfter.getTime() - at.getTime(),
      TLS_DAYS.map((days) => days * DAY_MS),
    );
    const detail = `The certificate that hub ${name} shows to clients ${endOf(tlsNotAfter, at)}.`;
    return grade === 0 ? [] : [{ kind: 'tlsExpiring', subject: name, detail, grade }];
  });
}

export function certificateConditions(certificates: readonly CertificateEnd[], at: Date): readonly Condition[] {
  return certificates.flatMap(({ member, issuedAt, notAfter }): Condition[] => {
    const life = notAfter.getTime() - issuedAt.getTime();
    const limits =
      member === null ? AUTHORITY_DAYS.map((days) => days * DAY_MS) : MEMBER_SHARES.map((share) => share * life);
    const grade = gradeOf(notAfter.getTime() - at.getTime(), limits);
    if (grade === 0) return [];
    const whose =
      member === null ? 'The certificate of the cluster’s authority' : `The cluster’s certificate of ${member}`;
    const detail = `${whose} ${endOf(notAfter, at)}${member === null ? '' : ': it is not renewed'}.`;
    return [{ kind: 'certificateExpiring', subject: member ?? 'authority', detail, grade }];
  });
}

/** How many of the limits, the longest first, are passed. */
const gradeOf = (leftMs: number, limitsMs: readonly number[]): number =>
  limitsMs.filter((limitMs) => leftMs <= limitMs).length;

const endOf = (end: Date, at: Date): string =>
  end.getTime() <= at.getTime()
    ? `ended on ${end.toISOString().slice(0, 10)}`
    : `ends on ${end.toISOString().slice(0, 10)}`;
