// Other people's mail programs that tests talk to; installed through apt when this is root on Debian or Ubuntu.
// Elsewhere, and when apt cannot, the tests that need one say so by name and are counted as skipped.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A Debian package, and a file it brings. */
const PACKAGES = {
  'dovecot-sieve': '/usr/bin/sieve-test',
  curl: '/usr/bin/curl',
  isync: '/usr/bin/mbsync',
  mpop: '/usr/bin/mpop',
  mutt: '/usr/bin/mutt',
  offlineimap3: '/usr/bin/offlineimap',
  'sieve-connect': '/usr/bin/sieve-connect',
  swaks: '/usr/bin/swaks',
  'libxml2-utils': '/usr/bin/xmllint',
  'libnet-ssleay-perl': '/usr/share/doc/libnet-ssleay-perl',
  postfix: '/usr/sbin/smtp-source',
  'glusterfs-server': '/usr/sbin/glusterd',
  'glusterfs-client': '/sbin/mount.glusterfs',
};

export function ensureOutsidePrograms(say) {
  const missing = Object.keys(PACKAGES).filter((name) => !existsSync(PACKAGES[name]));
  if (missing.length === 0 || process.getuid?.() !== 0) return;
  if (spawnSync('apt-get', ['--version']).status !== 0) return;
  say(`Installing mail programs to test with (apt-get): ${missing.join(', ')} …`);
  // RUNLEVEL 1: a package must not start services of its own.
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...args) => spawnSync('apt-get', args, { env: environment, stdio: 'ignore' }).status === 0;
  const install = () => apt('install', '-y', '--no-install-recommends', ...missing);
  if (!install() && !(apt('update') && install())) say('apt-get could not install them; their tests will be skipped.');
}
