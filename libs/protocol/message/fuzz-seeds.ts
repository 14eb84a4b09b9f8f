/** Well-formed messages for fuzzing to spoil: one of each structure that mail has. */
export const SEEDS: readonly Buffer[] = [
  // RFC 2046 §5.1.1's example, with its preamble, implicit type and epilogue.
  `From: Nathaniel Borenstein <nsb@bellcore.com>
To: Ned Freed <ned@innosoft.com>
Date: Sun, 21 Mar 1993 23:56:48 -0800 (PST)
Subject: Sample message
MIME-Version: 1.0
Content-type: multipart/mixed; boundary="simple boundary"

This is the preamble.  It is to be ignored.

--simple boundary

This is implicitly typed plain US-ASCII text.
It does NOT end with a linebreak.
--simple boundary
Content-type: text/plain; charset=us-ascii

This is explicitly typed plain US-ASCII text.
It DOES end with a linebreak.

--simple boundary--

This is the epilogue.  It is also to be ignored.
`,
  `Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus =?iso-8859-1?B?TfxuY2hlbg==?=
From: =?utf-8?b?SsO2cmc=?= <joerg@example.com>
Content-Type: multipart/alternative; boundary="=_alt"

--=_alt
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Sch=C3=B6ne Gr=C3=BC=C3=9Fe, die Zeile ist lang und wird =
umgebrochen.
--=_alt
Content-Type: multipart/related; boundary="=_alt_rel"; type="text/html"

--=_alt_rel
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PGh0bWw+PGJvZHk+U2Now7ZuZSBHcsO8w59lPGltZyBzcmM9ImNpZDphIj48L2JvZHk+PC9odG1s
Pg==
--=_alt_rel
Content-Type: image/gif
Content-ID: <a>
Content-Disposition: inline; filename*=utf-8''%e2%82%ac.gif
Content-Transfer-Encoding: base64

R0lGODlhAQABAAAAACw=
--=_alt_rel--

--=_alt--
`,
  `From: mailer-daemon@example.com
To: a@example.com
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary="r"

--r
Content-Type: text/plain

Sorry.
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; example.com

Final-Recipient: rfc822; b@example.net
Action: failed
Status: 5.1.1
--r
Content-Type: message/rfc822

From: a@example.com
To: b@example.net
Content-Type: multipart/digest; boundary="rd"

--rd

Subject: inner

one
--rd
Content-Type: text/plain

two
--rd--
--r--
`,
].map((text) => Buffer.from(text.replace(/\n/g, '\r\n')));
