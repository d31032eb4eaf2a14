//! `platform_settings.privacy`: what is remembered of conversations.

use serde_json::{Value, json};

use crate::dialect::lens::Way;
use crate::dialect::path;

const PRIVACY: &str = "platform_settings.privacy";
const REDACTED: &str = "platform_settings.privacy.conversation_history_redaction";

/// Everything that this platform redacts.
pub(super) const ENTITIES: &[&str] = &[
    "name",
    "name.name_given",
    "name.name_family",
    "name.name_other",
    "email_address",
    "contact_number",
    "dob",
    "age",
    "religious_belief",
    "political_opinion",
    "sexual_orientation",
    "ethnicity_race",
    "marital_status",
    "occupation",
    "physical_attribute",
    "language",
    "username",
    "password",
    "url",
    "organization",
    "financial_id",
    "financial_id.payment_card",
    "financial_id.payment_card.payment_card_number",
    "financial_id.payment_card.payment_card_expiration_date",
    "financial_id.payment_card.payment_card_cvv",
    "financial_id.bank_account",
    "financial_id.bank_account.bank_account_number",
    "financial_id.bank_account.bank_routing_number",
    "financial_id.bank_account.swift_bic_code",
    "financial_id.financial_id_other",
    "location",
    "location.location_address",
    "location.location_city",
    "location.location_postal_code",
    "location.location_coordinate",
    "location.location_state",
    "location.location_country",
    "location.location_other",
    "date",
    "date_interval",
    "unique_id",
    "unique_id.government_issued_id",
    "unique_id.account_number",
    "unique_id.vehicle_id",
    "unique_id.healthcare_number",
    "unique_id.healthcare_number.medical_record_number",
    "unique_id.healthcare_number.health_plan_beneficiary_number",
    "unique_id.device_id",
    "unique_id.unique_id_other",
    "medical",
    "medical.medical_condition",
    "medical.medication",
    "medical.medical_procedure",
    "medical.medical_measurement",
    "medical.medical_other",
];

/// Those that are found by rule, with our word for each.
const FOUND: [(&str, &str); 14] = [
    ("email_address", "email-address"),
    ("contact_number", "contact-number"),
    ("url", "url"),
    ("dob", "dob"),
    ("date", "date"),
    ("financial_id", "financial-id"),
    ("financial_id.payment_card", "payment-card"),
    (
        "financial_id.payment_card.payment_card_number",
        "payment-card-number",
    ),
    (
        "financial_id.payment_card.payment_card_expiration_date",
        "payment-card-expiration-date",
    ),
    ("financial_id.bank_account", "bank-account"),
    (
        "financial_id.bank_account.bank_account_number",
        "bank-account-number",
    ),
    ("unique_id", "unique-id"),
    ("unique_id.government_issued_id", "government-issued-id"),
    ("unique_id.device_id", "device-id"),
];

pub(super) const RETENTION_FIELDS: &[&str] = &[
    "platform_settings.privacy.retention_days",
    "platform_settings.privacy.delete_transcript_and_pii",
    "platform_settings.privacy.delete_audio",
    "platform_settings.privacy.apply_to_existing_conversations",
];

pub(super) const REDACTION_FIELDS: &[&str] = &[
    "platform_settings.privacy.conversation_history_redaction.enabled",
    "platform_settings.privacy.conversation_history_redaction.entities",
];

/// The days say when, the flags say what: without a flag nothing is deleted.
pub(super) const RETENTION: Way = Way::Document {
    read: |document| {
        let privacy = path::at(document, PRIVACY)?;
        let days = privacy["retention_days"].as_f64()?;
        let days = if days < 0.0 {
            Value::Null
        } else {
            json!(days as u64)
        };
        let is = |field: &str| privacy[field].as_bool().unwrap_or(false);
        let kept = |is_deleted: bool| if is_deleted { &days } else { &Value::Null };
        Some(json!({
            "transcript_days": kept(is("delete_transcript_and_pii")),
            "recording_days": kept(is("delete_audio")),
            "applies_to_earlier_calls": is("apply_to_existing_conversations"),
        }))
    },
    write: |retention, document| {
        let mut put = |field: &str, value: Value| {
            path::put(document, &format!("{PRIVACY}.{field}"), value);
        };
        let days = |name: &str| retention[name].as_u64();
        let (transcript, recording) = (days("transcript_days"), days("recording_days"));
        // There are days of one kind here: of two different ones the sooner is shown.
        let sooner = [transcript, recording].into_iter().flatten().min();
        put("retention_days", sooner.map_or(json!(-1), |it| json!(it)));
        put(
            "delete_transcript_and_pii",
            json!(sooner.is_some() && transcript == sooner),
        );
        put(
            "delete_audio",
            json!(sooner.is_some() && recording == sooner),
        );
        put(
            "apply_to_existing_conversations",
            json!(retention["applies_to_earlier_calls"] == true),
        );
    },
};

pub(super) const REDACTION: Way = Way::Document {
    read: |document| {
        let redacted = path::at(document, REDACTED)?;
        if !redacted.is_object() {
            return None;
        }
        let is_on = redacted["enabled"] == true;
        let entities = redacted["entities"].as_array().into_iter().flatten();
        let entities = entities.filter_map(|entity| word_of(entity.as_str()?));
        let entities: Vec<&str> = entities.filter(|_| is_on).collect();
        Some(json!(entities))
    },
    write: |entities, document| {
        let entities = entities.as_array().into_iter().flatten();
        let names = entities.filter_map(|word| name_of(word.as_str()?));
        let names: Vec<&str> = names.collect();
        let enabled = json!(!names.is_empty());
        if !path::at(document, REDACTED).is_some_and(Value::is_object) {
            path::put(document, REDACTED, json!({}));
        }
        path::put(document, &format!("{REDACTED}.enabled"), enabled);
        if names.is_empty() {
            return;
        }
        // What is not found here was asked for all the same.
        let own = path::at(document, REDACTION_FIELDS[1]).and_then(Value::as_array);
        let mut all: Vec<Value> = own.cloned().unwrap_or_default();
        all.retain(|entity| entity.as_str().is_some_and(|it| word_of(it).is_none()));
        all.extend(names.into_iter().map(Value::from));
        path::put(document, REDACTION_FIELDS[1], json!(all));
    },
};

fn word_of(name: &str) -> Option<&'static str> {
    let found = FOUND.iter().find(|(theirs, _)| *theirs == name);
    found.map(|(_, ours)| *ours)
}

fn name_of(word: &str) -> Option<&'static str> {
    let found = FOUND.iter().find(|(_, ours)| *ours == word);
    found.map(|(theirs, _)| *theirs)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::dialect::TABLES;
    use crate::dialect::mapping::{Dialect, Stored};

    fn dialect() -> &'static Dialect {
        let found = TABLES.iter().find(|it| it.name == "elevenlabs");
        found.unwrap()
    }

    fn stored(privacy: &Value) -> Stored {
        let body = json!({
            "conversation_config": {}, "platform_settings": { "privacy": privacy }
        });
        let draft = dialect().read(&body, None).unwrap();
        let dialects = BTreeMap::from([("elevenlabs".to_owned(), draft.own)]);
        Stored {
            document: draft.document,
            dialects,
        }
    }

    #[test]
    fn the_days_say_when_and_the_flags_say_what() {
        let retention = |privacy: Value| stored(&privacy).document["records"]["retention"].clone();
        for (days, transcript, audio, expected) in [
            (30, true, true, json!([30, 30])),
            (0, true, false, json!([0, null])),
            (7, false, true, json!([null, 7])),
            (7, false, false, json!([null, null])),
            (-1, true, true, json!([null, null])),
        ] {
            let said = retention(json!({
                "retention_days": days, "delete_transcript_and_pii": transcript,
                "delete_audio": audio,
            }));
            let found = json!([said["transcript_days"], said["recording_days"]]);
            assert_eq!(found, expected, "{days} {transcript} {audio}");
            assert_eq!(said["applies_to_earlier_calls"], false);
        }
        let said = retention(json!({ "apply_to_existing_conversations": true }));
        assert_eq!(said["applies_to_earlier_calls"], true);
    }

    #[test]
    fn what_was_written_is_shown_again_whatever_of_it_acts() {
        let privacy = json!({
            "record_voice": true, "retention_days": 7, "delete_transcript_and_pii": false,
            "delete_audio": false, "apply_to_existing_conversations": false,
            "zero_retention_mode": true,
            "conversation_history_redaction": {
                "enabled": true, "entities": ["name", "email_address", "medical"],
                "excluded_data_collection_ids": ["order"],
            },
        });
        let stored = stored(&privacy);
        assert_eq!(
            dialect().show(&stored)["platform_settings"]["privacy"],
            privacy
        );
        assert_eq!(
            stored.document["records"]["redaction"],
            json!(["email-address"])
        );
        assert_eq!(stored.document["records"]["keeps_conversation"], false);
    }

    #[test]
    fn what_is_changed_elsewhere_is_shown_here() {
        let mut stored = stored(&json!({
            "retention_days": 7, "delete_audio": true,
            "conversation_history_redaction": { "enabled": true, "entities": ["name", "url"] },
        }));
        stored.document["records"] = json!({
            "keeps_conversation": true,
            "retention": {
                "transcript_days": 3, "recording_days": 9, "applies_to_earlier_calls": true
            },
            "redaction": ["dob", "payment-card"],
        });
        let shown = dialect().show(&stored)["platform_settings"]["privacy"].clone();
        for (field, expected) in [
            ("retention_days", json!(3)),
            ("delete_transcript_and_pii", json!(true)),
            ("delete_audio", json!(false)),
            ("apply_to_existing_conversations", json!(true)),
        ] {
            assert_eq!(shown[field], expected, "{field}");
        }
        let redacted = &shown["conversation_history_redaction"];
        let expected = json!(["name", "dob", "financial_id.payment_card"]);
        assert_eq!(
            (&redacted["enabled"], &redacted["entities"]),
            (&json!(true), &expected)
        );
        // A change of something else leaves the two different periods as they are.
        let change = json!({ "name": "Ann" });
        let draft = dialect().read(&change, Some(&stored)).unwrap();
        assert_eq!(draft.document["records"], stored.document["records"]);
    }

    #[test]
    fn an_entity_that_the_platform_does_not_have_is_refused() {
        let body = json!({ "platform_settings": { "privacy": {
            "conversation_history_redaction": { "enabled": true, "entities": ["emails"] }
        } } });
        let problems = dialect().read(&body, None).unwrap_err();
        let places: Vec<String> = problems.iter().map(|it| format!("{:?}", it.path)).collect();
        assert!(
            places.iter().any(|it| it.contains("entities")),
            "{places:?}"
        );
    }

    #[test]
    fn every_entity_that_is_found_is_one_of_the_platform() {
        for (theirs, ours) in FOUND {
            assert!(ENTITIES.contains(&theirs), "{theirs}");
            let word = serde_json::from_value::<offhook_agent::RedactedEntity>(json!(ours));
            assert!(word.is_ok(), "{ours}");
        }
    }
}
