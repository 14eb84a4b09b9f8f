import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from '#stdx';
import { silentBulletin } from './bulletin.ts';
import { ConnectionLedger, isLoopback } from './connection-ledger.ts';

it('the connection ledger bounds all and each address', () => {
  const ledger = new ConnectionLedger(silentBulletin, systemClock, {
    connectionsMax: 5,
    perAddressMax: 2,
    exempt: isLoopback,
  });
  assert.equal(ledger.enter('192.0.2.1'), undefined);
  assert.equal(ledger.enter('::ffff:192.0.2.1'), undefined);
  assert.equal(ledger.enter('192.0.2.1'), 'tooManyFromAddress');
  for (let i = 0; i < 3; i++) assert.equal(ledger.enter('127.0.0.1'), undefined);
  assert.equal(ledger.enter('192.0.2.2'), 'tooMany');
  ledger.leave('127.0.0.1');
  assert.equal(ledger.enter('192.0.2.1'), 'tooManyFromAddress');
  ledger.leave('192.0.2.1');
  assert.equal(ledger.enter('192.0.2.1'), undefined);
  assert.equal(ledger.count, 4);
});
