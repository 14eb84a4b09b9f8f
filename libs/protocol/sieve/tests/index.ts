import type { TestDefinition } from '../definition.ts';
import { address } from './address.ts';
import { allof } from './allof.ts';
import { anyof } from './anyof.ts';
import { body } from './body.ts';
import { falseTest, trueTest } from './constants.ts';
import { currentdate } from './currentdate.ts';
import { date } from './date.ts';
import { duplicate } from './duplicate.ts';
import { envelope } from './envelope.ts';
import { environment } from './environment.ts';
import { exists } from './exists.ts';
import { hasflag } from './hasflag.ts';
import { header } from './header.ts';
import { mailboxexists } from './mailboxexists.ts';
import { metadata, servermetadata } from './metadata.ts';
import { metadataexists, servermetadataexists } from './metadataexists.ts';
import { not } from './not.ts';
import { notifyMethodCapability } from './notify-method-capability.ts';
import { size } from './size.ts';
import { spamtest } from './spamtest.ts';
import { specialuseExists } from './specialuse-exists.ts';
import { string } from './string.ts';
import { validNotifyMethod } from './valid-notify-method.ts';
import { virustest } from './virustest.ts';

/** Every test, by name. */
export const TESTS: ReadonlyMap<string, TestDefinition> = new Map(
  [
    ...[address, allof, anyof, envelope, exists, falseTest, header, not, size, trueTest],
    ...[body, currentdate, date, duplicate, environment, hasflag, mailboxexists, specialuseExists],
    ...[metadata, metadataexists, servermetadata, servermetadataexists],
    ...[spamtest, string, virustest, validNotifyMethod, notifyMethodCapability],
  ].map((test) => [test.name, test]),
);
