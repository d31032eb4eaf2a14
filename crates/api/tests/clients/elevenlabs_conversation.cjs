// ElevenLabs' own client for browsers, in Node: a typed conversation with an agent of a server whose
// models go by a script. Arguments: the server's address, a key, the agent's id.

const assert = require("node:assert/strict");
globalThis.WebSocket ??= require("ws");

const [address, , agentId] = process.argv.slice(2);
const origin = address.replace("http", "ws");

function told() {
  const messages = [];
  const waiting = [];
  return {
    push(message) {
      const next = waiting.shift();
      next ? next(message) : messages.push(message);
    },
    next() {
      return messages.length
        ? Promise.resolve(messages.shift())
        : new Promise((resolve) => waiting.push(resolve));
    },
  };
}

async function run() {
  const { Conversation } = await import(require.resolve("@elevenlabs/client"));
  const agent = told();
  const over = told();
  const talk = await Conversation.startSession({
    agentId,
    origin,
    connectionType: "websocket",
    textOnly: true,
    dynamicVariables: { name: "Cleo" },
    onMessage: (message) => message.source === "ai" && agent.push(message.message),
    onDisconnect: (details) => over.push(details),
  });
  assert.match(talk.getId(), /^conv_/);
  assert.equal(await agent.next(), "Hello Cleo.");
  talk.sendUserMessage("And on Sunday?");
  assert.equal(await agent.next(), "We are open on Sunday.");
  await talk.endSession();
  assert.equal((await over.next()).reason, "user");

  // Without its variable the conversation is refused, with the reason.
  const refused = Conversation.startSession({
    agentId,
    origin,
    connectionType: "websocket",
    textOnly: true,
  });
  await assert.rejects(refused, /missing dynamic variables: name/);
}

run().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
