// telegram-test-api on 127.0.0.1, its answers repaired where they are not what the Bot API says.
// Usage: node telegram.js PORT. Prints "ready"; ends when its input ends.
'use strict';
const express = require(require.resolve('express', { paths: [require.resolve('telegram-test-api')] }));
const TelegramServer = require('telegram-test-api');

const REPAIRS = {
  getme: (result) => ({ ...result, is_bot: true }),
  sendmessage: (result) => ({ ...result, date: Math.floor(result.date / 1000) }),
  getupdates: (result) => result.map((update) => (update.callback_query
    ? { ...update, callback_query: { chat_instance: '1', ...update.callback_query } } : update)),
};

class Repaired extends TelegramServer {
  constructor(config) {
    super(config);
    const repairing = express();
    repairing.use((req, res, next) => {
      const send = res.json.bind(res);
      const [, method] = /^\/bot[^/]+\/(\w+)$/.exec(req.path) || [];
      const repair = REPAIRS[(method || '').toLowerCase()] || ((result) => result ?? true);
      res.json = (body) => send(method && body.ok ? { ...body, result: repair(body.result) } : body);
      next();
    });
    this.webServer = repairing.use(this.webServer);
  }
}

const server = new Repaired({ port: Number(process.argv[2]), host: '127.0.0.1' });
server.start().then(() => console.log('ready'));
process.stdin.on('end', () => process.exit(0)).resume();
