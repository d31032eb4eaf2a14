//! Numbers of the world against the rules, and nonsense.

use proptest::prelude::*;

use super::*;

/// A number as it is written, and what is made of it.
type Row = (
    &'static str,
    Result<(&'static str, &'static str), NeverCalled>,
);

const TABLE: &[Row] = &[
    ("+1 (415) 555-2671", Ok(("+14155552671", "US"))),
    ("001 415 555 2671", Ok(("+14155552671", "US"))),
    ("+16137827274", Ok(("+16137827274", "CA"))),
    ("+18095551234", Ok(("+18095551234", "DO"))),
    ("+1 800 723 3456", Ok(("+18007233456", "US"))),
    ("+49 30 901820", Ok(("+4930901820", "DE"))),
    ("tel:+442079460958", Ok(("+442079460958", "GB"))),
    ("+390612345678", Ok(("+390612345678", "IT"))),
    ("+919876543210", Ok(("+919876543210", "IN"))),
    ("+77012345678", Ok(("+77012345678", "KZ"))),
    ("+79161234567", Ok(("+79161234567", "RU"))),
    // Emergency services, with and without the code of a country.
    ("911", Err(NeverCalled::Emergency)),
    ("112", Err(NeverCalled::Emergency)),
    ("000", Err(NeverCalled::Emergency)),
    ("+1911", Err(NeverCalled::Emergency)),
    ("+1 9-1-1", Err(NeverCalled::Emergency)),
    ("+44999", Err(NeverCalled::Emergency)),
    ("+49112", Err(NeverCalled::Emergency)),
    ("+91 108", Err(NeverCalled::Emergency)),
    ("+420155", Err(NeverCalled::Emergency)),
    ("tel:112", Err(NeverCalled::Emergency)),
    // Short codes.
    ("411", Err(NeverCalled::ShortCode)),
    ("+12345", Err(NeverCalled::ShortCode)),
    ("40404", Err(NeverCalled::ShortCode)),
    ("+44 1471", Err(NeverCalled::ShortCode)),
    // What costs more than a call.
    ("+19005551234", Err(NeverCalled::Premium)),
    ("+611900123456", Err(NeverCalled::Premium)),
    ("+449098790000", Err(NeverCalled::Premium)),
    ("+498001234567", Ok(("+498001234567", "DE"))),
    ("+499001123456", Err(NeverCalled::Premium)),
    ("+491803123456", Err(NeverCalled::Premium)),
    ("+447012345678", Err(NeverCalled::Premium)),
    ("+33891123456", Err(NeverCalled::Premium)),
    ("+393899123456", Ok(("+393899123456", "IT"))),
    // Satellites and networks without a country.
    ("+870773111632", Err(NeverCalled::Satellite)),
    ("+881612345678", Err(NeverCalled::Satellite)),
    ("+88213300000", Err(NeverCalled::Satellite)),
    ("+883510012345", Err(NeverCalled::Satellite)),
    ("+979123456789", Err(NeverCalled::Satellite)),
    ("+80012345678", Err(NeverCalled::Satellite)),
    // What nobody has.
    ("+1415555267", Err(NeverCalled::Invalid)),
    ("+11234567890", Err(NeverCalled::Invalid)),
    ("+2101234567", Err(NeverCalled::Invalid)),
    ("", Err(NeverCalled::NoNumber)),
    ("anonymous", Err(NeverCalled::NoNumber)),
    ("sip:ann@example.com", Err(NeverCalled::NoNumber)),
    ("+1415555267122334455", Err(NeverCalled::NoNumber)),
];

#[test]
fn a_number_is_what_the_numbering_plans_say() {
    for (text, expected) in TABLE {
        let read = Destination::read(text);
        let read = read.map(|it| (it.number, it.country));
        let expected = expected.map(|(number, country)| (number.to_owned(), country.to_owned()));
        assert_eq!(read, expected, "{text}");
    }
}

fn allowed(entries: &[&str]) -> Allowed {
    let entries: Vec<String> = entries.iter().map(|it| (*it).to_owned()).collect();
    Allowed::read(&entries).unwrap()
}

#[test]
fn nothing_may_be_called_that_is_not_allowed() {
    let rules = TollRules::default();
    let refused = rules.check("main", "+14155552671").unwrap_err().to_string();
    assert!(refused.contains("calls to US"), "{refused}");
    assert!(
        refused.contains("telephony.allow in offhook.toml"),
        "{refused}"
    );
}

#[test]
fn countries_and_prefixes_are_allowed_for_all_or_for_one_workspace() {
    let rules = TollRules {
        allowed: allowed(&["US", "+4930"]),
        of_workspaces: [("strict".to_owned(), allowed(&["+4420"]))].into(),
        ..TollRules::default()
    };
    for (workspace, number, is_allowed) in [
        ("main", "+14155552671", true),
        // The same code, another country.
        ("main", "+16137827274", false),
        ("main", "+18095551234", false),
        ("main", "+4930901820", true),
        ("main", "+498938123456", false),
        ("main", "+442079460958", false),
        ("strict", "+442079460958", true),
        ("strict", "+14155552671", false),
        ("strict", "+4930901820", false),
    ] {
        let checked = rules.check(workspace, number);
        assert_eq!(
            checked.is_ok(),
            is_allowed,
            "{workspace} {number} {checked:?}"
        );
    }
    let refused = rules.check("strict", "+14155552671").unwrap_err();
    let setting = "telephony.workspaces.strict.allow".to_owned();
    let place = "US".to_owned();
    assert_eq!(refused, TollRefusal::NotAllowed { place, setting });
}

#[test]
fn what_is_never_called_no_list_allows() {
    let rules = TollRules {
        allowed: allowed(&["US", "GB", "+1", "+44", "+870", "+881", "+979"]),
        ..TollRules::default()
    };
    for number in [
        "911",
        "+1911",
        "+44999",
        "+19005551234",
        "+870773111632",
        "+979123456789",
    ] {
        let refused = rules.check("main", number).unwrap_err();
        assert!(
            matches!(refused, TollRefusal::Never(_)),
            "{number}: {refused}"
        );
    }
}

#[test]
fn what_is_no_country_and_no_prefix_is_named_by_its_place() {
    let entries = ["US", "usa", "+49", "4930", "+0", "+", ""].map(str::to_owned);
    let problems = Allowed::read(&entries).unwrap_err();
    let places: Vec<usize> = problems.iter().map(|(at, _)| *at).collect();
    assert_eq!(places, [1, 3, 4, 5, 6]);
}

#[test]
fn a_call_lasts_no_longer_than_the_rules_say() {
    use std::time::Duration;
    let rules = TollRules::default();
    assert_eq!(rules.duration(None), rules.duration_max);
    assert_eq!(rules.duration(Some(Duration::MAX)), rules.duration_max);
    let minute = Duration::from_secs(60);
    assert_eq!(rules.duration(Some(minute)), minute);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in ".{0,40}") {
        let _ = Destination::read(&text);
    }

    #[test]
    fn what_may_be_called_is_a_whole_number(digits in "\\+?[0-9 ()-]{0,20}") {
        if let Ok(destination) = Destination::read(&digits) {
            let number = destination.number.strip_prefix('+').unwrap();
            prop_assert!((7..=15).contains(&number.len()), "{}", number);
            prop_assert!(number.bytes().all(|it| it.is_ascii_digit()));
        }
    }
}

#[test]
fn the_longest_beginning_of_a_number_has_its_price() {
    let prices = [("+", 100_000), ("+1", 14_000), ("+1415", 9_000)];
    let spending = Spending {
        prices: prices.map(|(it, price)| (it.to_owned(), price)).into(),
        daily_max: Some(5_000_000),
        of_workspaces: [("two".to_owned(), 1_000_000)].into(),
    };
    assert_eq!(spending.price("+14155552671"), Some(9_000));
    assert_eq!(spending.price("+12125552671"), Some(14_000));
    assert_eq!(spending.price("+4930901820"), Some(100_000));
    assert_eq!(Spending::default().price("+14155552671"), None);
    assert_eq!(spending.daily_max("one"), Some(5_000_000));
    assert_eq!(spending.daily_max("two"), Some(1_000_000));
    for (micros, text) in [
        (0, "0.00"),
        (14_000, "0.014"),
        (2_500_000, "2.50"),
        (1, "0.000001"),
    ] {
        assert_eq!(amount(micros), text);
    }
}
