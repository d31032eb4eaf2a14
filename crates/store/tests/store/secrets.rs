//! Secrets and the master keys above them.

use offhook_store::{OpenError, SecretText, StoreError};

use crate::{MASTER_KEY, Place};

const NEW_KEY: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf";

pub(crate) async fn a_secret_is_kept_and_changed_and_forgotten(place: Place) {
    let workspace = place.workspace().await;
    let text = SecretText::new("sk-open-sesame");
    let secret = workspace.create_secret("voice key", &text).await.unwrap();
    assert!(!format!("{text:?} {secret:?}").contains("sesame"));
    assert_eq!(workspace.secret_text(&secret.id).await.unwrap(), text);
    let listed = workspace.secrets().await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&secret));
    let changed = SecretText::new("sk-other");
    workspace.update_secret(&secret.id, &changed).await.unwrap();
    assert_eq!(
        place
            .workspace()
            .await
            .secret_text(&secret.id)
            .await
            .unwrap(),
        changed
    );
    assert_ne!(workspace.secrets().await.unwrap()[0].sealed, secret.sealed);
    workspace
        .rename_secret(&secret.id, "other key")
        .await
        .unwrap();
    assert_eq!(
        workspace.secret(&secret.id).await.unwrap().name,
        "other key"
    );
    workspace.delete_secret(&secret.id).await.unwrap();
    for gone in [
        workspace.secret_text(&secret.id).await.map(drop),
        workspace.update_secret(&secret.id, &text).await,
        workspace.delete_secret(&secret.id).await,
    ] {
        assert!(matches!(gone, Err(StoreError::NotFound("secret"))));
    }
}

pub(crate) async fn secrets_outlive_their_master_key(place: Place) {
    let workspace = place.workspace().await;
    let text = SecretText::new("sk-open-sesame");
    let secret = workspace.create_secret("voice key", &text).await.unwrap();
    let stranger = place.open_with(NEW_KEY).await.unwrap_err();
    assert!(matches!(stranger, OpenError::MasterKey(_)), "{stranger}");
    for keys in [&format!("{NEW_KEY},{MASTER_KEY}"), NEW_KEY] {
        let store = place.open_with(keys).await.unwrap();
        let workspace = store.workspace(workspace.id());
        assert_eq!(workspace.secret_text(&secret.id).await.unwrap(), text);
    }
    let late = place.open_with(MASTER_KEY).await.unwrap_err();
    assert!(matches!(late, OpenError::MasterKey(_)), "{late}");
}
