//! One entry: a field, some of its values, what happens, and what must then differ.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use crate::call::Call;
use crate::document::{differing, logged_policy};
use crate::script::Script;
use crate::stage::Stage;

/// What a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The agent document.
    Agent,
    /// The turn policy, where the agent document has no field for it.
    Policy,
}

/// An entry.
pub(crate) struct Knob {
    pub(crate) subject: Subject,
    /// Dotted path.
    pub(crate) field: String,
    /// The keys of the logged policy that it sets.
    pub(crate) policy: Vec<String>,
    /// What differs, in words.
    says: &'static str,
    /// Panics where it does not differ as stated.
    proof: Box<dyn Fn()>,
    /// The keys of the logged policy that its values change.
    changed: Box<dyn Fn() -> Vec<String>>,
}

/// A field of the agent, shown by whole calls: `stage` with each of `values`, compared by
/// `differs`.
pub(crate) fn knob<const N: usize>(
    field: impl Into<String>,
    values: [Value; N],
    says: &'static str,
    stage: impl Fn() -> Stage + Clone + 'static,
    differs: impl Fn([&Call; N]) + 'static,
) -> Knob {
    let field = field.into();
    let (name, all, set) = (field.clone(), values.clone(), stage.clone());
    Knob {
        subject: Subject::Agent,
        policy: Vec::new(),
        says,
        proof: Box::new(move || {
            let calls = values.clone().map(|value| stage().run(&field, &value));
            differs(calls.each_ref());
        }),
        changed: changed(name.clone(), all.to_vec(), set),
        field: name,
    }
}

/// A field of the agent, shown by the orders that the turn manager gives when `facts` happen.
pub(crate) fn rule<const N: usize>(
    field: impl Into<String>,
    values: [Value; N],
    says: &'static str,
    facts: &'static str,
    differs: fn([&str; N]),
) -> Knob {
    let field = field.into();
    let (name, all) = (field.clone(), values.to_vec());
    Knob {
        subject: Subject::Agent,
        policy: Vec::new(),
        says,
        proof: Box::new(move || {
            let orders = values.clone().map(|value| {
                let mut script = Script::read(facts).unwrap();
                script.policy = Stage::new().agent(&field, &value).turn_policy().clone();
                script.play().unwrap().join("\n")
            });
            differs(orders.each_ref().map(String::as_str));
        }),
        changed: changed(name.clone(), all, Stage::new),
        field: name,
    }
}

/// A knob that only the policy has, `key` in a log, set by lines such as
/// `set reply_deadline = 3000ms`.
pub(crate) fn policy_rule<const N: usize>(
    key: &'static str,
    settings: [&'static str; N],
    says: &'static str,
    facts: &'static str,
    differs: fn([&str; N]),
) -> Knob {
    let read = move |setting: &str| Script::read(&format!("set {setting}\n{facts}")).unwrap();
    Knob {
        subject: Subject::Policy,
        field: key.to_owned(),
        policy: vec![key.to_owned()],
        says,
        proof: Box::new(move || {
            let orders = settings.map(|setting| read(setting).play().unwrap().join("\n"));
            differs(orders.each_ref().map(String::as_str));
        }),
        changed: Box::new(move || {
            let logged = settings.map(|setting| logged_policy(&read(setting).policy));
            all_differing(&logged)
        }),
    }
}

fn changed(
    field: String,
    values: Vec<Value>,
    stage: impl Fn() -> Stage + 'static,
) -> Box<dyn Fn() -> Vec<String>> {
    Box::new(move || {
        let agents = values.iter().map(|value| stage().agent(&field, value));
        let logged: Vec<Value> = agents.map(|it| logged_policy(it.turn_policy())).collect();
        all_differing(&logged)
    })
}

fn all_differing(logged: &[Value]) -> Vec<String> {
    let others = logged.iter().skip(1);
    others.flat_map(|it| differing(&logged[0], it)).collect()
}

impl Knob {
    /// The field sets this key of the policy; its values must change it.
    pub(crate) fn sets(mut self, key: impl Into<String>) -> Self {
        self.policy.push(key.into());
        self
    }

    /// Holds the calls and compares them.
    pub(crate) fn prove(&self) -> Result<(), String> {
        let told = |problem: String| format!("{}: {}\n{problem}", self.field, self.says);
        catch_unwind(AssertUnwindSafe(|| (self.proof)())).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let plain = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            told(text.or(plain).unwrap_or_default())
        })?;
        let changed = (self.changed)();
        let unchanged: Vec<_> = self
            .policy
            .iter()
            .filter(|it| !changed.contains(it))
            .collect();
        if unchanged.is_empty() {
            return Ok(());
        }
        Err(told(format!(
            "the policy keeps {unchanged:?}, it changed {changed:?}"
        )))
    }
}
