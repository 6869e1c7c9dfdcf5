// A mobile operator's SMS centre, as far as a gateway can tell: SMPP on npm `smpp`, told over HTTP what to do.
//
//   node smsc.js [port]     listens on 127.0.0.1, on that port or a free one, and prints "ready <smpp> <http>"
//   GET  /taken             every submit_sm so far: {id, from, to, coding, esm, receipt, udh, part, parts, text}
//   GET  /links             how many gateways are bound
//   POST /say               {from, to, text}: a phone writes; answers once a gateway took it
//   POST /report            {id, state, err}: a delivery receipt of one submit_sm
//   POST /rule              {refuse: <SMPP status>}: refuse what comes from now on; 0 takes it again

"use strict";

const http = require("http");
const smpp = require("smpp");

const taken = [];
const links = new Set();
let refuse = 0;

function text(coding, message) {
  const body = message.message;
  if (typeof body === "string") return body;
  if (coding === 8) return Buffer.from(body).swap16().toString("utf16le");
  return Buffer.from(body).toString("latin1");
}

function taking(pdu) {
  const udh = pdu.short_message.udh ? Buffer.concat(pdu.short_message.udh.map((b) => Buffer.from(b))) : Buffer.alloc(0);
  const last = udh.length;
  return {
    id: `smsc-${taken.length + 1}`,
    from: pdu.source_addr,
    to: pdu.destination_addr,
    coding: pdu.data_coding,
    esm: pdu.esm_class,
    receipt: pdu.registered_delivery,
    udh: udh.toString("hex"),
    parts: last ? udh[last - 2] : 1,
    part: last ? udh[last - 1] : 1,
    text: text(pdu.data_coding, pdu.short_message),
  };
}

const centre = smpp.createServer((session) => {
  session.on("error", () => {});
  session.on("close", () => links.delete(session));
  for (const bind of ["bind_transceiver", "bind_receiver", "bind_transmitter"]) {
    session.on(bind, (pdu) => {
      session.send(pdu.response({ system_id: "smsc" }));
      if (bind !== "bind_transmitter") links.add(session);
    });
  }
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on("submit_sm", (pdu) => {
    if (refuse) {
      session.send(pdu.response({ command_status: refuse }));
      return;
    }
    const message = taking(pdu);
    taken.push(message);
    session.send(pdu.response({ message_id: message.id }));
  });
});

function deliver(pdu) {
  const [session] = links;
  if (!session) return Promise.reject(new Error("no gateway is bound"));
  return new Promise((done) => session.deliver_sm(pdu, (answer) => done({ status: answer.command_status })));
}

function say({ from, to, text: words }) {
  const gsm = /^[\x20-\x7e\n]*$/.test(words);
  const body = gsm ? Buffer.from(words, "latin1") : Buffer.from(words, "utf16le").swap16();
  return deliver({
    source_addr: from,
    destination_addr: to,
    data_coding: gsm ? 0 : 8,
    short_message: body,
  });
}

function report({ id, state = "DELIVRD", err = "000" }) {
  const message = taken.find((one) => one.id === id);
  const day = "2611180200";
  // The quoted words at the end are what a real centre adds: nothing of them may get further.
  const words = `id:${id} sub:001 dlvrd:001 submit date:${day} done date:${day} stat:${state} err:${err} text:secret words`;
  return deliver({
    source_addr: message.to,
    destination_addr: message.from,
    esm_class: 4,
    data_coding: 0,
    short_message: Buffer.from(words, "latin1"),
    receipted_message_id: id,
  });
}

const control = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const asked = chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : {};
  try {
    let answer = { ok: true };
    if (request.url === "/taken") answer = taken;
    else if (request.url === "/links") answer = { links: links.size };
    else if (request.url === "/say") answer = await say(asked);
    else if (request.url === "/report") answer = await report(asked);
    else if (request.url === "/rule") refuse = asked.refuse || 0;
    else throw new Error("no such order");
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(409, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: error.message }));
  }
});

centre.listen(Number(process.argv[2] || 0), "127.0.0.1", () => {
  control.listen(0, "127.0.0.1", () => {
    console.log(`ready ${centre.address().port} ${control.address().port}`);
  });
});
