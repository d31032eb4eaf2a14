//! Objects beside agents.

use offhook_store::{PageQuery, StoreError};
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
