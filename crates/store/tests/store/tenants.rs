//! Workspaces and what is between them.

use std::collections::BTreeMap;

use offhook_store::{CallQuery, PageQuery, SecretText, StoreError, WorkspaceId};
use serde_json::json;

use crate::{Place, agents::named, writer};

pub(crate) async fn nothing_of_another_workspace_is_found(place: Place) {
    let store = place.open().await;
    let ours = crate::workspace(&store, "acme").await;
    let agent = ours.create_agent(named("Ours")).await.unwrap();
    let object = ours.create_object("tool", "tool", json!({})).await.unwrap();
    let text = SecretText::new("sesame");
    let secret = ours.create_secret("key", &text).await.unwrap();
    let call = writer::call(&ours, 1);
    store.record_call(&call).await.unwrap();

    let theirs = crate::workspace(&store, "other").await;
    let nowhere = store.workspace(&WorkspaceId::new("ws_0"));
    for other in [&theirs, &nowhere] {
        let refused = [
            other.agent(&agent.id).await.map(drop),
            other.agent_at(&agent.id, 1).await.map(drop),
            other.agent_revisions(&agent.id).await.map(drop),
            other
                .update_agent(&agent.id, None, json!({}), BTreeMap::new())
                .await
                .map(drop),
            other
                .update_agent(&agent.id, Some(1), json!({}), BTreeMap::new())
                .await
                .map(drop),
            other.delete_agent(&agent.id, None).await,
            other.object("tool", &object.id).await.map(drop),
            other
                .update_object("tool", &object.id, None, json!({}))
                .await
                .map(drop),
            other.delete_object("tool", &object.id, None).await,
            other.secret_text(&secret.id).await.map(drop),
            other.update_secret(&secret.id, &text).await,
            other.rename_secret(&secret.id, "mine").await,
            other.delete_secret(&secret.id).await,
            other.call(&call.id).await.map(drop),
        ];
        for (index, refused) in refused.into_iter().enumerate() {
            assert!(
                matches!(refused, Err(StoreError::NotFound(_))),
                "{index}: {refused:?}"
            );
        }
        let query = PageQuery::default();
        assert_eq!(other.agents(&query).await.unwrap().total, 0);
        assert_eq!(other.objects("tool", &query).await.unwrap().total, 0);
        assert_eq!(other.calls(&CallQuery::default()).await.unwrap().total, 0);
        assert_eq!(other.secrets().await.unwrap(), []);
    }
    let mut stolen = call.clone();
    stolen.workspace = theirs.id().to_string();
    stolen.status = "stolen".into();
    store.record_call(&stolen).await.unwrap();

    assert_eq!(ours.agent(&agent.id).await.unwrap(), agent);
    assert_eq!(ours.object("tool", &object.id).await.unwrap(), object);
    assert_eq!(ours.secret_text(&secret.id).await.unwrap(), text);
    assert_eq!(ours.call(&call.id).await.unwrap(), call);
}

pub(crate) async fn a_workspace_has_its_name_for_itself(place: Place) {
    let store = place.open().await;
    let made = store.create_workspace("acme").await.unwrap();
    assert!(matches!(
        store.create_workspace("acme").await,
        Err(StoreError::Taken)
    ));
    assert_eq!(store.workspace_named("acme").await.unwrap(), made);
    assert_eq!(store.workspace_or_new("acme").await.unwrap(), made);
    let missing = store.workspace_named("nobody").await;
    assert!(matches!(missing, Err(StoreError::NotFound("workspace"))));
    let other = store.workspace_or_new("beta").await.unwrap();
    assert_eq!(store.workspaces().await.unwrap(), [made, other]);
    store.ping().await.unwrap();
}

pub(crate) async fn a_call_finds_its_agent_in_whatever_workspace_it_is(place: Place) {
    let store = place.open().await;
    for name in ["acme", "other"] {
        let workspace = crate::workspace(&store, name).await;
        let agent = workspace.create_agent(named(name)).await.unwrap();
        assert_eq!(store.agent_for_call(&agent.id).await.unwrap(), agent);
        workspace.delete_agent(&agent.id, None).await.unwrap();
        let gone = store.agent_for_call(&agent.id).await;
        assert!(matches!(gone, Err(StoreError::NotFound("agent"))));
    }
}
