//! API keys.

use offhook_store::{NewKey, Role, StoreError, WorkspaceId};

use crate::Place;

pub(crate) async fn a_key_opens_its_workspace_until_it_is_revoked(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    assert!(!store.has_keys().await.unwrap());
    let new = |role| NewKey {
        workspace: workspace.id().clone(),
        dialect: None,
        role,
    };
    let made = store.create_key(new(Role::Editor)).await.unwrap();
    let key = made.key.expose();
    assert!(
        key.starts_with("oh_") && key.len() == 55,
        "256 bits in base 32"
    );
    assert!(key.starts_with(&made.record.prefix) && made.record.prefix.len() == 12);
    assert!(!format!("{made:?}").contains(key));
    assert_eq!(store.key(key).await.unwrap(), Some(made.record.clone()));
    for wrong in ["", "oh_", &key[1..], &key.to_uppercase(), "' OR 1=1 --"] {
        assert_eq!(store.key(wrong).await.unwrap(), None, "{wrong}");
    }
    let reader = store.create_key(new(Role::Reader)).await.unwrap();
    assert_ne!(reader.key.expose(), key);
    assert_eq!(
        store.key(reader.key.expose()).await.unwrap().unwrap().role,
        Role::Reader
    );

    let revoked = store.revoke_key(&made.record.id).await.unwrap();
    assert!(revoked.revoked_at_ms.is_some());
    assert_eq!(
        store.revoke_key(&made.record.id).await.unwrap(),
        revoked,
        "once is enough"
    );
    assert_eq!(store.key(key).await.unwrap(), None);
    assert!(store.key(reader.key.expose()).await.unwrap().is_some());
    let unknown = store.revoke_key("key_0").await;
    assert!(matches!(unknown, Err(StoreError::NotFound("key"))));

    let other = crate::workspace(&store, "other").await;
    assert_eq!(store.keys(Some(other.id())).await.unwrap(), []);
    let listed = store.keys(Some(workspace.id())).await.unwrap();
    assert_eq!(listed, store.keys(None).await.unwrap());
    assert_eq!(listed.len(), 2);
    assert!(listed.contains(&revoked) && listed.contains(&reader.record));
    assert!(store.has_keys().await.unwrap());
}

pub(crate) async fn keys_begin_as_their_dialect_has_them(place: Place) {
    let store = place.open().await;
    let workspace = crate::workspace(&store, "acme").await;
    for (dialect, beginning) in [
        ("wordcab", "wc_sh_"),
        ("agentphone", "sk_live_"),
        ("trillet", "oh_"),
    ] {
        let new = NewKey {
            workspace: workspace.id().clone(),
            dialect: Some(dialect.into()),
            role: Role::Editor,
        };
        let made = store.create_key(new).await.unwrap();
        assert!(made.key.expose().starts_with(beginning), "{dialect}");
        let found = store.key(made.key.expose()).await.unwrap().unwrap();
        assert_eq!(found.dialect.as_deref(), Some(dialect));
    }
    let nowhere = NewKey {
        workspace: WorkspaceId::new("ws_0"),
        dialect: None,
        role: Role::Editor,
    };
    let refused = store.create_key(nowhere).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
}
