// A TLS listener in front of the daemon: tls.js CERT KEY HOST:PORT. Prints its port, and ends with its standard input.
"use strict";
const fs = require("node:fs");
const net = require("node:net");
const tls = require("node:tls");

const [, , cert, key, upstream] = process.argv;
const [host, port] = upstream.split(":");
const server = tls.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, (near) => {
  const far = net.connect(Number(port), host);
  near.pipe(far).pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
});
// A client that trusts nobody leaves in the middle of the handshake.
server.on("tlsClientError", () => {});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
