//! Calls that web pages begin with a token.

use offhook_api::{Api, ApiSettings};
use offhook_store::Role;
use serde_json::{Value, json};

use crate::server::{Server, document};

#[tokio::test]
async fn a_token_opens_one_call_with_what_was_settled() {
    let server = Server::new().await;
    let made = server.send("POST", "/agents", document("Ann")).await;
    let agent = made.body["id"].as_str().unwrap();
    let path = format!("/agents/{agent}/web-calls");
    let wishes = json!({
        "variables": { "name": "Bea", "age": 7, "vip": true },
        "metadata": { "order": [1] },
    });
    let promised = server.send("POST", &path, wishes).await;
    assert_eq!(promised.status, 201, "{}", promised.body);
    let text = |name: &str| promised.body[name].as_str().unwrap().to_owned();
    let token = text("token");
    assert!(text("url").ends_with(&format!("/v1/session?token={token}")));

    let api = Api::new(server.store.clone(), ApiSettings::default());
    let wrong = format!("{token}x");
    for refused in ["", "a.b.c", wrong.as_str()] {
        let refusal = api.admit_web_call(refused).await.unwrap_err();
        assert_eq!(refusal.status, 401, "{refused}");
    }
    let call = api.admit_web_call(&token).await.unwrap();
    assert_eq!(call.call_id, text("call_id"));
    assert_eq!(call.agent.id, agent);
    let variables: Vec<_> = call.variables.iter().collect();
    let expected = [("age", "7"), ("name", "Bea"), ("vip", "true")];
    assert!(
        variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .eq(expected)
    );
    assert_eq!(call.metadata["order"], json!([1]));
    assert_eq!(api.admit_web_call(&token).await.unwrap_err().status, 401);

    let plain = server.send("POST", &path, Value::Null).await;
    assert_eq!(plain.status, 201);
    let deleted = server
        .send("DELETE", &format!("/agents/{agent}"), Value::Null)
        .await;
    assert_eq!(deleted.status, 204);
    let late = api.admit_web_call(plain.body["token"].as_str().unwrap());
    assert_eq!(late.await.unwrap_err().status, 404);
}

#[tokio::test]
async fn a_uuid_opens_the_same_call_as_its_token() {
    let server = Server::new().await;
    let made = server.send("POST", "/agents", document("Ann")).await;
    let path = format!("/agents/{}/web-calls", made.body["id"].as_str().unwrap());
    let wishes = json!({ "from": "+15550100", "to": "200" });
    let api = Api::new(server.store.clone(), ApiSettings::default());
    for by_token in [false, true] {
        let promised = server.send("POST", &path, wishes.clone()).await;
        let text = |name: &str| promised.body[name].as_str().unwrap().to_owned();
        let (token, uuid) = (text("token"), text("uuid"));
        let (first, second) = match by_token {
            true => (token, uuid),
            false => (uuid.to_uppercase(), token),
        };
        let call = api.admit_web_call(&first).await.unwrap();
        assert_eq!(call.call_id, text("call_id"));
        assert_eq!(call.from_number.as_deref(), Some("+15550100"));
        assert_eq!(call.to_number.as_deref(), Some("200"));
        assert_eq!(api.admit_web_call(&second).await.unwrap_err().status, 401);
    }
    let unknown = "40325ec2-5efd-4bd3-805f-53576e581d13";
    assert_eq!(api.admit_web_call(unknown).await.unwrap_err().status, 401);
}

#[tokio::test]
async fn what_is_wrong_with_the_wishes_is_said_with_its_place() {
    let server = Server::new().await;
    let made = server.send("POST", "/agents", document("Ann")).await;
    let path = format!("/agents/{}/web-calls", made.body["id"].as_str().unwrap());
    let wrong = json!({ "variables": { "a b": 1, "c": [] }, "metadata": 3, "to": 7, "at": "x" });
    let refused = server.send("POST", &path, wrong).await;
    assert_eq!(refused.refusal(), (422, "invalid"));
    let problems = refused.body["error"]["problems"].as_array().unwrap();
    let mut places: Vec<_> = problems
        .iter()
        .map(|it| it["path"].as_str().unwrap())
        .collect();
    places.sort_unstable();
    let expected = ["at", "metadata", "to", "variables.a b", "variables.c"];
    assert_eq!(places, expected);

    let foreign = server.new_key("other", Role::Editor).await;
    let bearer = format!("Bearer {foreign}");
    let headers = [("authorization", bearer.as_str())];
    let answer = server.send_with("POST", &path, &headers, json!({})).await;
    assert_eq!(answer.status, 404);
}
