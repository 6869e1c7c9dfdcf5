// Seals and opens WeChat's encrypted messages with two libraries that are not ours.
// A JSON object a line comes in, one a line goes out:
//   {library, action: "seal", token, aes_key, app_id, timestamp, nonce, xml} -> {encrypt, signature}
//   {library, action: "open", token, aes_key, app_id, timestamp, nonce, encrypt} -> {xml, app_id, signature}
"use strict";

const readline = require("node:readline");
const WechatCrypto = require("wechat-crypto");
const wecom = require("@wecom/crypto");

function withWechatCrypto(asked) {
  const crypto = new WechatCrypto(asked.token, asked.aes_key, asked.app_id);
  if (asked.action === "seal") {
    const encrypt = crypto.encrypt(asked.xml);
    return { encrypt, signature: crypto.getSignature(asked.timestamp, asked.nonce, encrypt) };
  }
  const opened = crypto.decrypt(asked.encrypt);
  const signature = crypto.getSignature(asked.timestamp, asked.nonce, asked.encrypt);
  return { xml: opened.message, app_id: opened.id, signature };
}

function withWecom(asked) {
  const sign = (encrypt) => wecom.getSignature(asked.token, asked.timestamp, asked.nonce, encrypt);
  if (asked.action === "seal") {
    const encrypt = wecom.encrypt(asked.aes_key, asked.xml, asked.app_id);
    return { encrypt, signature: sign(encrypt) };
  }
  const opened = wecom.decrypt(asked.aes_key, asked.encrypt);
  return { xml: opened.message, app_id: opened.id, signature: sign(asked.encrypt) };
}

const libraries = { "wechat-crypto": withWechatCrypto, "@wecom/crypto": withWecom };

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const asked = JSON.parse(line);
  process.stdout.write(JSON.stringify(libraries[asked.library](asked)) + "\n");
});
