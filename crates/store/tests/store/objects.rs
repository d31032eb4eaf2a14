//! Objects beside agents.

use std::collections::BTreeMap;

use offhook_store::{NewAgent, PageQuery, StoreError, Workspace};
use serde_json::json;

use crate::Place;

pub(crate) async fn objects_are_kept_by_kind_with_their_revisions(place: Place) {
    let workspace = place.workspace().await;
    let document = json!({ "name": "Weather", "url": "https://example.com" });
    let tool = workspace
        .create_object("tool", "tool", document.clone())
        .await
        .unwrap();
    assert!(tool.id.starts_with("tool_") && tool.revision == 1);
    let long = json!({ "name": "ß".repeat(5000) });
    let flow = workspace.create_object("flow", "flow", long).await.unwrap();
    assert_eq!(workspace.object("tool", &tool.id).await.unwrap(), tool);
    let strange = workspace.object("flow", &tool.id).await;
    assert!(matches!(strange, Err(StoreError::NotFound("object"))));

    let query = PageQuery {
        search: Some("weath".into()),
        ..PageQuery::default()
    };
    let found = workspace.objects("tool", &query).await.unwrap();
    assert_eq!((found.items, found.total), (vec![tool.clone()], 1));
    let flows = workspace
        .objects("flow", &PageQuery::default())
        .await
        .unwrap();
    assert_eq!(flows.items, [flow]);

    let renamed = json!({ "name": "Tides" });
    let update = workspace.update_object("tool", &tool.id, Some(1), renamed.clone());
    let written = update.await.unwrap();
    assert_eq!((written.revision, &written.document), (2, &renamed));
    assert_eq!(written.created_at_ms, tool.created_at_ms);
    assert_eq!(
        place
            .workspace()
            .await
            .object("tool", &tool.id)
            .await
            .unwrap(),
        written
    );
    assert_eq!(workspace.objects("tool", &query).await.unwrap().total, 0);
    let late = workspace
        .update_object("tool", &tool.id, Some(1), document)
        .await;
    assert!(matches!(
        late,
        Err(StoreError::Conflict {
            expected: 1,
            current: 2
        })
    ));
    let late = workspace.delete_object("tool", &tool.id, Some(1)).await;
    assert!(matches!(
        late,
        Err(StoreError::Conflict {
            expected: 1,
            current: 2
        })
    ));
    workspace
        .delete_object("tool", &tool.id, Some(2))
        .await
        .unwrap();
    let gone = workspace.delete_object("tool", &tool.id, None).await;
    assert!(matches!(gone, Err(StoreError::NotFound("object"))));
}

pub(crate) async fn digits_are_found_in_every_workspace(place: Place) {
    let store = place.open().await;
    let ours = crate::workspace(&store, "acme").await;
    let theirs = crate::workspace(&store, "other").await;
    let number = |digits: &str| json!({ "phoneNumber": digits });
    let create = |to: &Workspace, kind: &'static str, digits: &str| {
        let (to, document) = (to.clone(), number(digits));
        async move { to.create_object(kind, "num", document).await.unwrap().id }
    };
    let first = create(&ours, "number", "+15550111").await;
    let second = create(&theirs, "number", "+1 555 0111").await;
    create(&ours, "number", "+15550112").await;
    create(&ours, "other", "+15550111").await;
    let found = store.objects_with_digits("number", "0111").await.unwrap();
    let mut found: Vec<&str> = found.iter().map(|it| it.id.as_str()).collect();
    found.sort_unstable();
    let mut both = [first.as_str(), second.as_str()];
    both.sort_unstable();
    assert_eq!(found, both);
    for nothing in ["", "%", "_111", "9999"] {
        let found = store.objects_with_digits("number", nothing).await.unwrap();
        assert_eq!(found, [], "{nothing}");
    }
    let named = json!({ "name": "Digest" });
    let named = theirs.create_object("number", "num", named).await.unwrap();
    let found = store.object_named("number", "digest").await.unwrap();
    assert_eq!(found, named);
    let missing = store.object_named("other", "digest").await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
    let dialects = BTreeMap::from([(
        "wordcab".to_owned(),
        json!({ "phone_numbers": ["+15550111"] }),
    )]);
    let named = NewAgent {
        document: json!({ "name": "Ann" }),
        dialects,
    };
    let agent = theirs.create_agent(named).await.unwrap();
    let found = store.agents_with_digits("0111").await.unwrap();
    assert_eq!(found, [agent]);
    assert_eq!(store.agents_with_digits("0112").await.unwrap(), []);
}
