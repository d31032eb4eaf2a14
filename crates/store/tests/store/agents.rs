//! Agents and their revisions.

use std::collections::BTreeMap;

use offhook_store::{NewAgent, StoreError, StoredAgent, Workspace};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{Place, writer};

pub(crate) fn named(name: &str) -> NewAgent {
    NewAgent {
        document: json!({ "name": name, "prompt": "Help." }),
        dialects: BTreeMap::new(),
    }
}

pub(crate) async fn an_agent_is_read_back_as_it_was_written(place: Place) {
    let workspace = place.workspace().await;
    let document = json!({
        "name": "Zoë's 'desk' \"1\"; DROP TABLE agents; -- \0",
        "prompt": "Grüß dich, 🙂\n\t\\ \u{1}",
        "numbers": [0.1, 1e-7, 12345.6789012345, 9007199254740993_i64, 2.5e300, -0.0],
        "nothing": null,
        "deep": { "": { "a": [[], {}, [{}]] } },
    });
    let dialects = BTreeMap::from([("elevenlabs".to_owned(), json!({ "unknown": [1.10] }))]);
    let new = NewAgent { document, dialects };
    let written = workspace.create_agent(new.clone()).await.unwrap();
    assert!(written.id.starts_with("agent_") && written.revision == 1);
    assert_eq!(written.name(), new.document["name"]);
    assert_eq!(
        (&written.document, &written.dialects),
        (&new.document, &new.dialects)
    );
    assert_eq!(workspace.agent(&written.id).await.unwrap(), written);
    let again = place.workspace().await;
    assert_eq!(
        again.agent(&written.id).await.unwrap(),
        written,
        "after it was closed"
    );
}

pub(crate) async fn every_writing_is_a_revision(place: Place) {
    let workspace = place.workspace().await;
    let first = workspace.create_agent(named("One")).await.unwrap();
    let document = json!({ "name": "Two", "prompt": "Help more." });
    let dialects = BTreeMap::from([("trillet".to_owned(), json!({ "speed": 0.7 }))]);
    let second = workspace
        .update_agent(&first.id, Some(1), document.clone(), dialects.clone())
        .await
        .unwrap();
    assert_eq!(
        (second.revision, second.created_at_ms),
        (2, first.created_at_ms)
    );
    assert!(second.updated_at_ms >= first.updated_at_ms);
    assert_eq!(workspace.agent(&first.id).await.unwrap(), second);
    let third = workspace
        .update_agent(&first.id, None, first.document.clone(), BTreeMap::new())
        .await
        .unwrap();
    assert_eq!(third.revision, 3);
    assert_eq!(workspace.agent_at(&first.id, 1).await.unwrap(), first);
    let then = workspace.agent_at(&first.id, 2).await.unwrap();
    assert_eq!((then.document, then.dialects), (document, dialects));
    let revisions = workspace.agent_revisions(&first.id).await.unwrap();
    let numbers: Vec<i64> = revisions.iter().map(|it| it.revision).collect();
    assert_eq!(numbers, [3, 2, 1]);
    let never = workspace.agent_at(&first.id, 4).await;
    assert!(matches!(never, Err(StoreError::NotFound("revision"))));
}

pub(crate) async fn old_revisions_go(place: Place) {
    let workspace = place.workspace().await;
    let agent = workspace.create_agent(named("Busy")).await.unwrap();
    for _ in 0..203 {
        let write =
            workspace.update_agent(&agent.id, None, agent.document.clone(), BTreeMap::new());
        write.await.unwrap();
    }
    let revisions = workspace.agent_revisions(&agent.id).await.unwrap();
    assert_eq!(
        (
            revisions.len(),
            revisions[0].revision,
            revisions[199].revision
        ),
        (200, 204, 5)
    );
}

pub(crate) async fn a_stale_writer_is_told(place: Place) {
    let workspace = place.workspace().await;
    let agent = workspace.create_agent(named("Desk")).await.unwrap();
    let write = |expected, prompt: &str| {
        let document = json!({ "name": "Desk", "prompt": prompt });
        workspace.update_agent(&agent.id, expected, document, BTreeMap::new())
    };
    write(Some(1), "first").await.unwrap();
    let late = write(Some(1), "second").await.unwrap_err();
    assert!(
        matches!(
            late,
            StoreError::Conflict {
                expected: 1,
                current: 2
            }
        ),
        "{late}"
    );
    assert_eq!(
        workspace.agent(&agent.id).await.unwrap().document["prompt"],
        "first"
    );
    let early = workspace
        .delete_agent(&agent.id, Some(1))
        .await
        .unwrap_err();
    assert!(
        matches!(
            early,
            StoreError::Conflict {
                expected: 1,
                current: 2
            }
        ),
        "{early}"
    );
    let unknown = workspace
        .update_agent("agent_0", Some(1), json!({}), BTreeMap::new())
        .await;
    assert!(matches!(unknown, Err(StoreError::NotFound("agent"))));
}

pub(crate) async fn of_a_hundred_writers_that_read_the_same_one_wins(place: Place) {
    let workspace = place.workspace().await;
    let agent = workspace.create_agent(named("Desk")).await.unwrap();
    let mut writers = JoinSet::new();
    for number in 0..100 {
        let (workspace, id) = (workspace.clone(), agent.id.clone());
        writers.spawn(async move {
            let document = json!({ "name": "Desk", "prompt": "Help.", "writer": number });
            workspace
                .update_agent(&id, Some(1), document, BTreeMap::new())
                .await
        });
    }
    let outcomes = writers.join_all().await;
    let winners: Vec<&StoredAgent> = outcomes.iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(workspace.agent(&agent.id).await.unwrap(), *winners[0]);
    for problem in outcomes.iter().filter_map(|it| it.as_ref().err()) {
        assert!(
            matches!(problem, StoreError::Conflict { .. }),
            "{problem:?}"
        );
    }
}

pub(crate) async fn writers_that_read_again_lose_nothing(place: Place) {
    let workspace = place.workspace().await;
    let new = NewAgent {
        document: json!({ "name": "Desk", "writers": [] }),
        dialects: BTreeMap::new(),
    };
    let agent = workspace.create_agent(new).await.unwrap();
    let mut writers = JoinSet::new();
    for number in 0..30 {
        writers.spawn(add(workspace.clone(), agent.id.clone(), number));
    }
    writers.join_all().await;
    let agent = workspace.agent(&agent.id).await.unwrap();
    assert_eq!(agent.revision, 31);
    let mut numbers: Vec<u64> = agent.document["writers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..30));
}

/// Adds a number to the agent's document, again and again until nobody was faster.
async fn add(workspace: Workspace, id: String, number: u64) {
    loop {
        let mut agent = workspace.agent(&id).await.unwrap();
        agent.document["writers"]
            .as_array_mut()
            .unwrap()
            .push(json!(number));
        let expected = Some(agent.revision);
        match workspace
            .update_agent(&id, expected, agent.document, agent.dialects)
            .await
        {
            Ok(_) => return,
            Err(problem) => assert!(
                matches!(problem, StoreError::Conflict { .. }),
                "{problem:?}"
            ),
        }
    }
}

pub(crate) async fn a_deleted_agent_is_gone_and_its_calls_stay(place: Place) {
    let workspace = place.workspace().await;
    let agent = workspace.create_agent(named("Gone")).await.unwrap();
    let mut call = writer::call(&workspace, 1);
    call.agent.clone_from(&agent.id);
    place.open().await.record_call(&call).await.unwrap();
    workspace.delete_agent(&agent.id, None).await.unwrap();
    let missing = |found: Result<(), StoreError>| matches!(found, Err(StoreError::NotFound(_)));
    assert!(missing(workspace.agent(&agent.id).await.map(drop)));
    assert!(missing(workspace.agent_at(&agent.id, 1).await.map(drop)));
    assert!(missing(
        workspace.agent_revisions(&agent.id).await.map(drop)
    ));
    assert!(missing(workspace.delete_agent(&agent.id, None).await));
    assert_eq!(workspace.call(&call.id).await.unwrap(), call);
}
