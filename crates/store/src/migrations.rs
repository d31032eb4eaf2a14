//! The tables, brought up to date step by step. A step that has been released is never changed.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyPool, SqlSafeStr as _};

use crate::error::OpenError;

/// Number, name, SQL that both databases read.
const STEPS: [(i64, &str, &str); 8] = [
    (1, "first", include_str!("../migrations/0001_first.sql")),
    (
        2,
        "calls listed",
        include_str!("../migrations/0002_calls_listed.sql"),
    ),
    (
        3,
        "deliveries",
        include_str!("../migrations/0003_deliveries.sql"),
    ),
    (4, "nodes", include_str!("../migrations/0004_nodes.sql")),
    (
        5,
        "calls kept",
        include_str!("../migrations/0005_calls_kept.sql"),
    ),
    (6, "kinds", include_str!("../migrations/0006_kinds.sql")),
    (
        7,
        "promised calls",
        include_str!("../migrations/0007_promised_calls.sql"),
    ),
    (8, "toll", include_str!("../migrations/0008_toll.sql")),
];

pub(crate) async fn run(pool: &AnyPool) -> Result<(), OpenError> {
    let steps = STEPS.map(|(number, name, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(number, Cow::Borrowed(name), kind, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(steps.to_vec())
        .run(pool)
        .await
        .map_err(|problem| OpenError::Migrate(Box::new(problem)))
}
