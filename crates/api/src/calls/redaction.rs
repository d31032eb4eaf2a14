//! Personal data in what was said, replaced before it is stored. It is found by rule alone: what a
//! rule cannot know, such as a name, stays.

mod digits;
mod find;

use std::collections::BTreeSet;

use offhook_agent::RedactedEntity;
use serde_json::Value;

use find::{Found, Kind};

/// What is replaced in a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redaction {
    asked: BTreeSet<RedactedEntity>,
}

impl Redaction {
    pub(crate) fn new(asked: &BTreeSet<RedactedEntity>) -> Self {
        let asked = asked.clone();
        Self { asked }
    }

    /// Whether all of that is replaced.
    pub(crate) fn covers(&self, asked: &BTreeSet<RedactedEntity>) -> bool {
        asked.is_subset(&self.asked)
    }

    /// The text with the name of what was found, in brackets, in place of it.
    pub(crate) fn apply(&self, text: &str) -> String {
        if self.asked.is_empty() {
            return text.to_owned();
        }
        let mut redacted = String::with_capacity(text.len());
        let mut at = 0;
        for Found { place, kinds } in find::all(text) {
            let entity = kinds.iter().find_map(|kind| self.asked_for(*kind));
            if let (Some(entity), Some(before)) = (entity, text.get(at..place.start)) {
                redacted.push_str(before);
                redacted.push_str(&name(entity));
                at = place.end;
            }
        }
        redacted.push_str(text.get(at..).unwrap_or_default());
        redacted
    }

    /// The same for every text within a value.
    pub(crate) fn apply_within(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.apply(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply_within(item)),
            Value::Object(fields) => {
                fields
                    .values_mut()
                    .for_each(|field| self.apply_within(field));
            }
            _ => {}
        }
    }

    /// What was asked for that covers a kind: the widest.
    fn asked_for(&self, kind: Kind) -> Option<RedactedEntity> {
        let covering = covering(kind).iter();
        covering.copied().find(|entity| self.asked.contains(entity))
    }
}

/// Which entities cover a kind, the widest first.
const fn covering(kind: Kind) -> &'static [RedactedEntity] {
    use RedactedEntity as Entity;
    match kind {
        Kind::Email => &[Entity::EmailAddress],
        Kind::Url => &[Entity::Url],
        Kind::Telephone => &[Entity::ContactNumber],
        Kind::FullDate => &[Entity::Dob, Entity::Date],
        Kind::Date => &[Entity::Date],
        Kind::Card => &[
            Entity::FinancialId,
            Entity::PaymentCard,
            Entity::PaymentCardNumber,
        ],
        Kind::CardExpiry => &[
            Entity::FinancialId,
            Entity::PaymentCard,
            Entity::PaymentCardExpirationDate,
        ],
        Kind::Iban => &[
            Entity::FinancialId,
            Entity::BankAccount,
            Entity::BankAccountNumber,
        ],
        Kind::GovernmentId => &[Entity::UniqueId, Entity::GovernmentIssuedId],
        Kind::Keys => &[Entity::Keys],
        Kind::Device => &[Entity::UniqueId, Entity::DeviceId],
    }
}

/// What stands in place of an entity, such as `[EMAIL_ADDRESS]`.
fn name(entity: RedactedEntity) -> String {
    let word = serde_json::to_value(entity).unwrap_or_default();
    // The one that no document has.
    let word = word.as_str().unwrap_or("keys");
    format!("[{}]", word.replace('-', "_").to_uppercase())
}

#[cfg(test)]
mod tests;
