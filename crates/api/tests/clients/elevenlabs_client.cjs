// ElevenLabs' own client for Node against a server: agents, conversations, numbers, tools, secrets,
// knowledge. Arguments: the server's address, a key.

const assert = require("node:assert/strict");
const { ElevenLabsClient, ElevenLabsError } = require("@elevenlabs/elevenlabs-js");

const [address, apiKey] = process.argv.slice(2);
const platform = new ElevenLabsClient({ apiKey, baseUrl: address, maxRetries: 0 }).conversationalAi;

async function refused(status, call) {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof ElevenLabsError, error);
    assert.equal(error.statusCode, status);
    return error.body;
  }
  throw new Error("it was not refused");
}

// Every field that an answer must have, of its type.
function typed(answer, fields) {
  for (const [path, type] of Object.entries(fields)) {
    const value = path.split(".").reduce((place, name) => place?.[name], answer);
    assert.equal(typeof value, type, `${path} is ${JSON.stringify(value)}`);
  }
  return answer;
}

async function agents() {
  const made = typed(
    await platform.agents.create({
      name: "Ann",
      tags: ["desk"],
      conversationConfig: {
        agent: { firstMessage: "Hi.", prompt: { prompt: "Be brief.", temperature: 0.5 } },
        turn: { turnEagerness: "patient" },
        tts: { voiceId: "heart" },
      },
    }),
    { agentId: "string" },
  );
  const id = made.agentId;
  const agent = typed(await platform.agents.get(id), {
    agentId: "string",
    name: "string",
    "metadata.createdAtUnixSecs": "number",
    "metadata.updatedAtUnixSecs": "number",
    "accessInfo.role": "string",
    "conversationConfig.turn.turnTimeout": "number",
    "conversationConfig.agent.language": "string",
    "conversationConfig.conversation.textOnly": "boolean",
    "platformSettings.auth.enableAuth": "boolean",
  });
  assert.equal(agent.conversationConfig.turn.turnEagerness, "patient");
  assert.equal(agent.conversationConfig.agent.prompt.temperature, 0.5);
  const changed = await platform.agents.update(id, { name: "Bea" });
  assert.equal(changed.name, "Bea");
  assert.equal(changed.conversationConfig.agent.firstMessage, "Hi.");
  const copy = await platform.agents.duplicate(id, { name: "Cleo" });
  const page = await platform.agents.list({ pageSize: 1 });
  typed(page.agents[0], {
    agentId: "string",
    voiceId: "string",
    createdAtUnixSecs: "number",
  });
  assert.deepEqual([page.agents[0].name, page.hasMore], ["Cleo", true]);
  const rest = await platform.agents.list({ pageSize: 1, cursor: page.nextCursor });
  assert.deepEqual([rest.agents[0].name, rest.hasMore], ["Bea", false]);
  assert.equal((await platform.agents.link.get(id)).agentId, id);
  assert.equal((await platform.agents.widget.get(id)).widgetConfig.language, "en");
  await platform.agents.delete(copy.agentId);
  await refused(404, () => platform.agents.get(copy.agentId));
  const body = await refused(422, () =>
    platform.agents.update(id, { conversationConfig: { turn: { turnTimeout: 99 } } }),
  );
  assert.ok(JSON.stringify(body).includes("turn_timeout"), JSON.stringify(body));
  return id;
}

async function tools(agent) {
  const toolConfig = { type: "client", name: "open_page", description: "Opens a page." };
  const tool = typed(await platform.tools.create({ toolConfig }), {
    id: "string",
    "toolConfig.name": "string",
    "usageStats.avgLatencySecs": "number",
    "accessInfo.creatorName": "string",
  });
  await platform.tools.update(tool.id, { toolConfig: { ...toolConfig, name: "close_page" } });
  assert.equal((await platform.tools.get(tool.id)).toolConfig.name, "close_page");
  assert.deepEqual((await platform.tools.list()).tools.map((it) => it.id), [tool.id]);
  const prompt = { toolIds: [tool.id] };
  await platform.agents.update(agent, { conversationConfig: { agent: { prompt } } });
  const users = await platform.tools.getDependentAgents(tool.id);
  assert.deepEqual(users.agents.map((it) => [it.type, it.name]), [["available", "Bea"]]);
  await platform.tools.delete(tool.id, { force: true });
}

async function secrets() {
  const secret = typed(await platform.secrets.create({ name: "crm", value: "hush" }), {
    secretId: "string",
    type: "string",
  });
  const { secrets } = await platform.secrets.list();
  assert.deepEqual(secrets.map((it) => it.secretId), [secret.secretId]);
  assert.deepEqual(secrets[0].usedBy.agents, []);
  await platform.secrets.update(secret.secretId, { name: "desk", value: "hush hush" });
  assert.equal((await platform.secrets.get(secret.secretId)).name, "desk");
  await platform.secrets.delete(secret.secretId);
}

async function numbers(agent) {
  const made = await platform.phoneNumbers.create({
    provider: "twilio",
    phoneNumber: "+14155550100",
    label: "Desk",
    sid: "AC1",
    token: "hush",
  });
  const number = typed(await platform.phoneNumbers.update(made.phoneNumberId, { agentId: agent }), {
    phoneNumberId: "string",
    phoneNumber: "string",
    supportsInbound: "boolean",
    "assignedAgent.agentId": "string",
  });
  assert.equal(number.assignedAgent.agentName, "Bea");
  assert.deepEqual((await platform.phoneNumbers.list()).map((it) => it.label), ["Desk"]);
  assert.equal((await platform.phoneNumbers.get(made.phoneNumberId)).provider, "twilio");
  const body = await refused(400, () =>
    platform.twilio.outboundCall({
      agentId: agent,
      agentPhoneNumberId: made.phoneNumberId,
      toNumber: "+14155550199",
    }),
  );
  assert.equal(body.detail.status, "telephony_not_configured");
  await platform.phoneNumbers.delete(made.phoneNumberId);
}

async function knowledge() {
  const { documents } = platform.knowledgeBase;
  const made = await documents.createFromText({ text: "We open at nine.", name: "Hours" });
  const found = typed(await documents.get(made.id), {
    name: "string",
    type: "string",
    extractedInnerHtml: "string",
    "metadata.sizeBytes": "number",
  });
  assert.equal(found.extractedInnerHtml, "We open at nine.");
  const file = new File(["# Menu"], "menu.md", { type: "text/markdown" });
  const menu = await documents.createFromFile({ file });
  const { documents: all } = await platform.knowledgeBase.list();
  assert.deepEqual(all.map((it) => [it.type, it.name]), [["file", "menu.md"], ["text", "Hours"]]);
  await documents.delete(made.id);
  await documents.delete(menu.id);
}

async function conversations(agent) {
  const signed = typed(await platform.conversations.getSignedUrl({ agentId: agent }), {
    signedUrl: "string",
  });
  assert.ok(signed.signedUrl.includes("/v1/convai/conversation?"), signed.signedUrl);
}

async function run() {
  const agent = await agents();
  await tools(agent);
  await secrets();
  await numbers(agent);
  await knowledge();
  await conversations(agent);
  await platform.agents.delete(agent);
}

run().catch((error) => {
  console.error(error);
  process.exit(1);
});
