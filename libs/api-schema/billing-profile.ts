import { z } from 'zod';
import { Version } from './page.ts';

const fields = {
  legalName: z.string().min(1).max(200).nullable().describe('As invoices are made out; the partner’s name without'),
  address: z.array(z.string().min(1).max(200)).max(4),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .nullable()
    .describe('ISO 3166-1 alpha-2'),
  vatId: z.string().min(2).max(30).nullable(),
  email: z.email().max(254).nullable().describe('Where invoices and letters go'),
  approval: z.boolean().describe('Whether somebody must agree to a draft before it is final'),
  electronicFormat: z
    .enum(['cii', 'ubl', 'xrechnung'])
    .describe('cii: Factur-X, EN 16931; ubl: UBL 2.1, EN 16931; xrechnung: UBL after XRechnung 3.0'),
  buyerReference: z.string().min(1).max(200).nullable().describe('BT-10; the Leitweg-ID for German authorities'),
};
const terms = {
  graceHours: z.int().min(0).max(72).describe('How long a draft waits for late events'),
  paymentDays: z.int().min(0).max(90),
  reminded: z.boolean().describe('Whether letters go out about what is overdue'),
  suspendable: z.boolean().describe('Whether not paying ends in suspension'),
  disputePauses: z.boolean().describe('Whether reminders, suspension and charges leave out what is disputed'),
};

export const BillingProfile = z
  .object({ partner: z.string(), ...fields, ...terms, version: Version })
  .meta({ id: 'BillingProfile' });

export const UpdateBillingProfile = z
  .strictObject({ ...fields, ...terms })
  .partial()
  .describe('graceHours, paymentDays, reminded, suspendable and disputePauses: operator keys only')
  .meta({ id: 'UpdateBillingProfile' });

export type BillingProfile = z.output<typeof BillingProfile>;

const seller = {
  name: z.string().min(1).max(200),
  address: z.array(z.string().min(1).max(200)).max(4).describe('The last line postcode and city'),
  country: fields.country.describe('Without it no tax is charged'),
  vatId: fields.vatId,
  numberPrefix: z
    .string()
    .regex(/^[A-Z0-9]{1,8}$/)
    .describe('Of invoice numbers, `RK` in RK-2026-000017'),
  contactName: z.string().min(1).max(200).nullable(),
  phone: z.string().min(3).max(50).nullable(),
  email: z.email().max(254).nullable(),
  iban: z
    .string()
    .regex(/^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$/)
    .nullable()
    .describe('Where invoices are paid; without spaces'),
};

export const BillingSeller = z.object({ ...seller, version: Version }).meta({ id: 'BillingSeller' });
export const UpdateBillingSeller = z.strictObject(seller).partial().meta({ id: 'UpdateBillingSeller' });

export type BillingSeller = z.output<typeof BillingSeller>;
