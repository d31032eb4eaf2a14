//! Lists: pages and searches.

use offhook_store::{PageQuery, PageStart};

use crate::{Place, agents::named};

pub(crate) async fn every_page_together_is_the_list(place: Place) {
    let workspace = place.workspace().await;
    let mut made = Vec::new();
    for number in 0..7 {
        let agent = workspace
            .create_agent(named(&format!("Agent {number}")))
            .await
            .unwrap();
        made.push((agent.created_at_ms, agent.id));
    }
    made.sort();
    made.reverse();
    let ids: Vec<&String> = made.iter().map(|(_, id)| id).collect();

    let mut by_cursor = Vec::new();
    let mut start = PageStart::First;
    loop {
        let query = PageQuery {
            limit: 3,
            start,
            ..PageQuery::default()
        };
        let page = workspace.agents(&query).await.unwrap();
        assert_eq!(page.total, 7 + u64::from(!by_cursor.is_empty()));
        if by_cursor.is_empty() {
            workspace
                .create_agent(named("A newcomer moves no later page"))
                .await
                .unwrap();
        }
        by_cursor.extend(page.items.into_iter().map(|it| it.id));
        let Some(next) = page.next else { break };
        start = PageStart::After(next.to_string().parse().unwrap());
    }
    assert!(by_cursor.iter().eq(ids.clone()));

    let mut by_offset = Vec::new();
    for offset in [1, 5, 8] {
        let start = PageStart::Offset(offset);
        let query = PageQuery {
            limit: 4,
            start,
            ..PageQuery::default()
        };
        let page = workspace.agents(&query).await.unwrap();
        assert_eq!(page.next.is_some(), offset < 4);
        by_offset.extend(page.items.into_iter().map(|it| it.id));
    }
    assert!(by_offset.iter().eq(ids));
    let none = PageQuery {
        limit: 0,
        ..PageQuery::default()
    };
    assert_eq!(
        workspace.agents(&none).await.unwrap().items.len(),
        1,
        "at least one"
    );
}

pub(crate) async fn agents_are_found_by_a_part_of_their_name(place: Place) {
    let workspace = place.workspace().await;
    for name in [
        "Front Desk",
        "Back desk",
        "ÜBER 100%",
        "Über_all!",
        "O'Hara",
    ] {
        workspace.create_agent(named(name)).await.unwrap();
    }
    let found = async |search: &str| {
        let query = PageQuery {
            search: Some(search.to_owned()),
            ..PageQuery::default()
        };
        let page = workspace.agents(&query).await.unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        let mut names: Vec<String> = page.items.iter().map(|it| it.name().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(found("DESK").await, ["Back desk", "Front Desk"]);
    assert_eq!(found("über").await, ["ÜBER 100%", "Über_all!"]);
    assert_eq!(found("0%").await, ["ÜBER 100%"]);
    assert_eq!(found("r_a").await, ["Über_all!"]);
    assert_eq!(found("l!").await, ["Über_all!"]);
    assert_eq!(found("'").await, ["O'Hara"]);
    assert_eq!(found("\0").await.len(), 0);
    assert_eq!(found("%").await.len(), 1);
    assert_eq!(found("").await.len(), 5);
}
