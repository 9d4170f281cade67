// Keeps a Node server that can be told no host on this machine: every listen() without one means 127.0.0.1.
"use strict";
const { Server } = require("node:net");
const listen = Server.prototype.listen;
Server.prototype.listen = function (first, ...rest) {
  if (typeof first === "number" && typeof rest[0] !== "string") {
    return listen.call(this, first, "127.0.0.1", ...rest.filter((value) => value !== undefined));
  }
  if (first !== null && typeof first === "object" && !first.host && !first.path) {
    return listen.call(this, { ...first, host: "127.0.0.1" }, ...rest);
  }
  return listen.call(this, first, ...rest);
};
