//! Whether the calls of a workspace may cost more today.

use std::time::Duration;

use axum::http::StatusCode;
use offhook_store::{Workspace, now_ms};

use super::Connected;
use super::place::Toll;
use crate::Refusal;
use crate::toll::amount;

/// What counts, in milliseconds: a day back from now.
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: u128 = 60_000;

/// Whether the call may be placed, even if it lasts its longest.
pub(crate) async fn check_spending(
    connected: &Connected,
    workspace: &Workspace,
    toll: Toll,
    duration_max: Duration,
) -> Result<(), Refusal> {
    let Some(most) = toll.daily_max else {
        return Ok(());
    };
    let refused = |message: String| {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Err(Refusal::new(status, "spending_max", message))
    };
    let Some(price) = toll.price else {
        let message = "what a day's calls may cost is limited, and telephony.prices has no price for \
                       this number";
        return refused(message.to_owned());
    };
    let minutes = duration_max.as_millis().div_ceil(MINUTE_MS);
    let cost = price.saturating_mul(u64::try_from(minutes).unwrap_or(u64::MAX));
    let longest = connected.telephony.rules.duration_max.as_millis();
    let longest = i64::try_from(longest).unwrap_or(i64::MAX);
    let spent = workspace.toll_since(now_ms() - DAY_MS, longest).await?;
    if spent.saturating_add(cost) <= most {
        return Ok(());
    }
    refused(format!(
        "the call may cost up to {}, and {} of {}, which the workspace's calls may cost in a day by \
         telephony.spending_max, are spent or set aside for calls that are up",
        amount(cost),
        amount(spent),
        amount(most)
    ))
}

#[cfg(test)]
mod tests {
    use crate::outgoing_calls::Toll;
    use crate::toll::Spending;

    #[test]
    fn whom_an_agent_called_is_paid_for_beside_whom_they_are_put_through_to() {
        let prices = [("+1", 14_000), ("+49", 20_000)];
        let spending = Spending {
            prices: prices.map(|(it, price)| (it.to_owned(), price)).into(),
            daily_max: Some(1_000_000),
            ..Spending::default()
        };
        let other = Toll::of(&spending, "main", "+4930901820");
        let both = other.with(spending.price("+14155552671"));
        assert_eq!((other.price, both.price), (Some(20_000), Some(34_000)));
        assert_eq!(
            other.with(None).price,
            Some(20_000),
            "who called in costs nothing"
        );
        let unknown = Toll::of(&spending, "main", "+33142685300");
        assert_eq!(unknown.with(Some(14_000)).price, None, "it stays refused");
    }
}
