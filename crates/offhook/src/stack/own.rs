//! What agents bring themselves: a server that writes their replies, and keys to vendors. Nothing of
//! it is kept for another call.

use std::sync::Arc;

use offhook_agent::{ChatApiDocument, ChatServerDocument, ModelChoices, ModelId};
use offhook_api::PublicNames;
use offhook_call::ModelKeys;
use offhook_contract::ChatModel;
use offhook_providers::hosted::{
    Account, ApiKey, HttpClient, header_map, http_client, http_client_among,
};
use offhook_providers::openai::{ChatLimits, OpenAiChat, OpenAiChatConfig, OpenAiResponses};

/// What errors and logs call a server of an agent's own.
const PROVIDER: &str = "custom-llm";

/// Where servers of agents' own may be.
#[derive(Debug, Clone)]
pub(crate) struct OwnServers {
    client: HttpClient,
}

impl OwnServers {
    /// Anywhere, or outside of private networks only.
    pub(crate) fn reached(in_private: bool) -> anyhow::Result<Self> {
        let client = match in_private {
            true => http_client()?,
            false => http_client_among(PublicNames)?,
        };
        Ok(Self { client })
    }

    /// The chat model of an agent's own server.
    pub(super) fn chat(
        &self,
        server: &ChatServerDocument,
        keys: &ModelKeys,
    ) -> Result<Arc<dyn ChatModel>, String> {
        let key = server.key.as_deref().map(|id| text_of(keys, id));
        let key = key.transpose()?.map(ApiKey::new);
        let mut headers = Vec::new();
        for (name, value) in &server.headers {
            headers.push((name.as_str(), value.as_str()));
        }
        for (name, id) in &server.secret_headers {
            headers.push((name.as_str(), text_of(keys, id)?));
        }
        for (name, variable) in &server.variable_headers {
            let value = keys.variable(variable);
            let value = value.ok_or_else(|| format!("there is no variable \"{variable}\""))?;
            headers.push((name.as_str(), value));
        }
        let mut account = Account::new(PROVIDER, &server.url, key);
        account.headers = header_map(&headers)?;
        account.api_version.clone_from(&server.api_version);
        let config = OpenAiChatConfig {
            account,
            model: server.model.clone(),
            limits: ChatLimits::default(),
            extra: keys.extra_body().clone(),
        };
        let client = self.client.clone();
        Ok(match server.api {
            ChatApiDocument::Completions => Arc::new(OpenAiChat::new(client, config)),
            ChatApiDocument::Responses => Arc::new(OpenAiResponses::new(client, config)),
        })
    }
}

/// An agent's own key to the vendor of a model; `None` where it brings none.
pub(super) fn key_to(
    model: &ModelId,
    models: &ModelChoices,
    keys: &ModelKeys,
) -> Result<Option<ApiKey>, String> {
    let id = model.vendor().and_then(|vendor| models.keys.get(vendor));
    id.map(|id| text_of(keys, id).map(ApiKey::new)).transpose()
}

fn text_of<'k>(keys: &'k ModelKeys, id: &str) -> Result<&'k str, String> {
    keys.get(id)
        .ok_or_else(|| format!("there is no secret with the id \"{id}\""))
}
