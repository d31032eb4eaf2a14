// AgentPhone's own client for Node against a server: every method on agents, numbers, webhooks and
// conversations that the server covers, with the types of what comes back. Arguments: the server's
// address, a key.

const assert = require("node:assert/strict");
const { createHmac } = require("node:crypto");
const { createServer } = require("node:http");
const { AgentPhoneClient, AgentPhoneError } = require("agentphone");

const [address, key] = process.argv.slice(2);
const client = new AgentPhoneClient({ baseUrl: address, token: key, maxRetries: 0 });

/** Each field is of its type; a type that begins with "?" may be null. */
function has(value, types) {
    for (const [field, type] of Object.entries(types)) {
        const wanted = type.replace("?", "");
        const found = Array.isArray(value[field]) ? "array" : typeof value[field];
        const isNull = type.startsWith("?") && value[field] === null;
        assert.ok(isNull || found === wanted, `${field} is ${JSON.stringify(value[field])}`);
    }
    return value;
}

async function refused(status, call) {
    const error = await call.then(
        () => assert.fail("it was not refused"),
        (error) => error,
    );
    assert.ok(error instanceof AgentPhoneError, String(error));
    assert.equal(error.statusCode, status);
    return error.body;
}

const AGENT = {
    id: "string",
    name: "string",
    description: "?string",
    voiceMode: "string",
    enableMessaging: "boolean",
    modelTier: "string",
    systemPrompt: "?string",
    beginMessage: "?string",
    voice: "string",
    transferNumber: "?string",
    voicemailMessage: "?string",
    sttMode: "string",
    ambientSound: "string",
    denoisingMode: "string",
    maxSilenceMs: "number",
    voiceSpeed: "number",
    interruptionSensitivity: "number",
    enableBackchannel: "boolean",
    language: "string",
    createdAt: "string",
    numbers: "array",
};
const NUMBER = {
    id: "string",
    phoneNumber: "string",
    country: "string",
    status: "string",
    type: "string",
    agentId: "?string",
    createdAt: "string",
};
const WEBHOOK = {
    id: "string",
    url: "string",
    secret: "string",
    status: "string",
    contextLimit: "number",
    timeout: "number",
    createdAt: "string",
};
const DELIVERY = {
    id: "string",
    messageId: "?string",
    eventType: "?string",
    channel: "?string",
    status: "string",
    httpStatus: "?number",
    errorMessage: "?string",
    responseBody: "?string",
    attemptCount: "number",
    lastAttemptAt: "?string",
    nextRetryAt: "?string",
    createdAt: "string",
};
const PAGE = { data: "array", hasMore: "boolean", total: "number" };

async function agents() {
    const tool = {
        name: "book_table",
        description: "Books a table.",
        url: "https://hooks.test/book",
        method: "GET",
        headers: { Authorization: "Bearer x" },
        parameters: { type: "object" },
        timeoutMs: 2000,
        speakDuringExecution: true,
        executionMessage: "One moment.",
    };
    const made = has(
        await client.agents.createAgent({
            name: "Ann",
            voiceMode: "hosted",
            systemPrompt: "Be brief.",
            beginMessage: "Hello.",
            modelTier: "max",
            language: "yue-CN",
            sttMode: "accurate",
            ambientSound: "office",
            denoisingMode: "noise-and-background-speech-cancellation",
            maxSilenceMs: 10_000,
            voiceSpeed: 0.5,
            interruptionSensitivity: 0,
            enableBackchannel: false,
            customTools: [tool],
            callScreeningIdentity: "Ann of the desk",
            callScreeningPurpose: "Your table",
        }),
        AGENT,
    );
    assert.deepEqual(
        [made.modelTier, made.language, made.maxSilenceMs, made.voiceSpeed],
        ["max", "yue-CN", 10_000, 0.5],
    );
    assert.deepEqual(made.customTools, [tool]);
    assert.equal(made.callScreeningIdentity, "Ann of the desk");
    assert.ok(!Number.isNaN(Date.parse(made.createdAt)));
    assert.deepEqual(await client.agents.getAgent({ agent_id: made.id }), made);
    const changed = has(
        await client.agents.updateAgent({ agent_id: made.id, customTools: [], voiceSpeed: 1.5 }),
        AGENT,
    );
    assert.deepEqual([changed.customTools, changed.voiceSpeed], [[], 1.5]);
    const page = has(await client.agents.listAgents(), PAGE);
    assert.deepEqual([page.total, page.hasMore, page.data[0].id], [1, false, made.id]);
    const voices = await client.agents.listVoices();
    has(voices.data[0], { voice_id: "string", voice_name: "string", provider: "string" });
    has(await client.agents.listAgentCalls({ agent_id: made.id }), PAGE);
    has(await client.agents.listAgentConversations({ agent_id: made.id }), PAGE);

    const { detail } = await refused(
        422,
        client.agents.updateAgent({
            agent_id: made.id,
            customTools: [{ ...tool, name: "two words", timeoutMs: 999, url: "http://a.test" }],
            callScreeningPurpose: "x".repeat(301),
        }),
    );
    const places = detail.map((it) => has(it, { loc: "array", msg: "string", type: "string" }).loc);
    assert.deepEqual(places.map((loc) => loc.join(".")).sort(), [
        "body.callScreeningPurpose",
        "body.customTools.0.name",
        "body.customTools.0.timeoutMs",
        "body.customTools.0.url",
    ]);
    const many = Array.from({ length: 21 }, (_, at) => ({ ...tool, name: `tool_${at}` }));
    const tools = await refused(422, client.agents.updateAgent({ agent_id: made.id, customTools: many }));
    assert.deepEqual(tools.detail[0].loc, ["body", "customTools"]);
    for (const wrong of [{ language: "en" }, { modelTier: "mini" }, { maxSilenceMs: 9999 }]) {
        await refused(422, client.agents.createAgent({ name: "B", ...wrong }));
    }
    await refused(422, client.agents.createAgent({ name: "B", voiceMode: "hosted" }));
    assert.equal(typeof (await refused(404, client.agents.getAgent({ agent_id: "none" }))).detail, "string");
    return made.id;
}

async function numbers(agent) {
    // The client can only buy numbers; here their owner enters them.
    const entered = await fetch(`${address}/v1/numbers`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        body: JSON.stringify({ phoneNumber: "+14155550100", country: "US" }),
    });
    const number = has(await entered.json(), NUMBER);
    has(await client.numbers.getNumber({ number_id: number.id }), NUMBER);
    const attached = await client.agents.attachNumberToAgent({ agent_id: agent, numberId: number.id });
    has(attached, { agentId: "string", number: "object" });
    has(attached.number, { id: "string", phoneNumber: "string", status: "string", type: "string" });
    const shown = await client.agents.getAgent({ agent_id: agent });
    assert.deepEqual(shown.numbers.map((it) => it.id), [number.id]);
    const page = has(await client.numbers.listNumbers(), PAGE);
    assert.equal(has(page.data[0], NUMBER).agentId, agent);
    await client.agents.detachNumberFromAgent({ agent_id: agent, number_id: number.id });
    await refused(
        404,
        client.agents.detachNumberFromAgent({ agent_id: agent, number_id: number.id }),
    );
    await client.numbers.deleteNumber({ number_id: number.id });
    await refused(404, client.numbers.getNumber({ number_id: number.id }));
}

async function webhooks(agent, here, received) {
    assert.equal(await client.webhooks.getWebhook(), null);
    const body = { url: `${here}/all`, contextLimit: 0, timeout: 5 };
    const hook = has(await client.webhooks.createOrUpdateWebhook({ body }), WEBHOOK);
    assert.deepEqual(await client.webhooks.getWebhook(), hook);
    const tested = await client.webhooks.testWebhook({ agentId: agent });
    assert.equal(tested.success, true);
    const [request] = received.splice(0);
    const signed = `${request.headers["x-webhook-timestamp"]}.${request.body}`;
    const tag = createHmac("sha256", hook.secret).update(signed).digest("hex");
    assert.equal(request.headers["x-webhook-signature"], `sha256=${tag}`);
    assert.equal(JSON.parse(request.body).agentId, agent);
    const deliveries = await client.webhooks.listDeliveries({ limit: 5, offset: 0, hours: 1 });
    has(deliveries, { items: "array", total: "number", offset: "number", limit: "number" });
    assert.equal(has(deliveries.items[0], DELIVERY).status, "success");
    const stats = has(await client.webhooks.deliveryStats({ hours: 1 }), {
        total: "number",
        success: "number",
        failed: "number",
        pending: "number",
        successRate: "number",
        byEventType: "object",
        byHour: "array",
    });
    assert.deepEqual([stats.total, stats.byEventType["agent.message"].success], [1, 1]);
    has(await client.webhooks.allTimeStats(), {
        total: "number",
        success: "number",
        failed: "number",
        successRate: "number",
    });
    await refused(422, client.webhooks.deliveryStats({ hours: 0 }));
    await refused(
        422,
        client.webhooks.createOrUpdateWebhook({ body: { url: `${here}/all`, timeout: 4 } }),
    );
    await client.webhooks.deleteWebhook();
    await refused(404, client.webhooks.testWebhook());

    const own = client.agentWebhooks;
    assert.equal(await own.getAgentWebhook({ agent_id: agent }), null);
    const set = { agent_id: agent, body: { url: `${here}/own` } };
    has(await own.createOrUpdateAgentWebhook(set), WEBHOOK);
    has(await own.getAgentWebhook({ agent_id: agent }), WEBHOOK);
    assert.equal((await own.testAgentWebhook({ agent_id: agent })).success, true);
    assert.equal(received.splice(0)[0].path, "/own");
    const [delivery] = await own.listAgentDeliveries({ agent_id: agent, limit: 1 });
    has(delivery, DELIVERY);
    await own.deleteAgentWebhook({ agent_id: agent });
    await refused(404, own.deleteAgentWebhook({ agent_id: agent }));
}

async function conversations() {
    const page = has(await client.conversations.listConversations(), PAGE);
    assert.equal(page.total, 0);
    const none = { conversation_id: "none" };
    await refused(404, client.conversations.getConversation(none));
    await refused(404, client.conversations.updateConversation({ ...none, metadata: {} }));
    await refused(404, client.conversations.getConversationMessages(none));
}

async function run() {
    const received = [];
    const receiver = createServer((request, response) => {
        let body = "";
        request.on("data", (chunk) => (body += chunk));
        request.on("end", () => {
            received.push({ path: request.url, headers: request.headers, body });
            response.writeHead(204).end();
        });
    });
    await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const agent = await agents();
    await numbers(agent);
    await webhooks(agent, `http://127.0.0.1:${receiver.address().port}`, received);
    await conversations();
    const gone = await client.agents.deleteAgent({ agent_id: agent });
    has(gone, { success: "boolean", id: "string", name: "string" });
    receiver.close();
}

run().catch((error) => {
    console.error(error);
    process.exit(1);
});
