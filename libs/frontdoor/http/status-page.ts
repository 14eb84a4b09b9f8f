/** What stands at `/` until the webmail does: says so, and where the rest is. */
export function statusPage(hubName: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rookery</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem; color: #1c2430; background: #fbfbfa }
@media (prefers-color-scheme: dark) { body { color: #e6e9ee; background: #14181f } a { color: #8ab4ff } }
</style>
</head>
<body>
<h1>Rookery</h1>
<p>This hub, <b>${escapeHtml(hubName)}</b>, is up. There is no webmail here yet: mail is read and sent with any mail program over IMAP and SMTP.</p>
<ul>
<li><a href="/api/docs">The REST API and its documentation</a></li>
<li><a href="/healthz">Health of this hub, for load balancers</a></li>
</ul>
</body>
</html>
`;
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
