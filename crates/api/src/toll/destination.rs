//! A number that somebody wants called: what it is by the world's numbering plans.

use phonelib::{PhoneNumber, PhoneNumberType};

use crate::phone_number::e164;

/// A number that may be called, where the operator allows its country or prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// In E.164, such as `+15550100`.
    pub number: String,
    /// Its country or territory by ISO 3166, such as `US`.
    pub country: String,
}

/// Why a number is never called, whatever is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NeverCalled {
    /// It is no number with its country's code.
    #[error("it is no telephone number with its country's code, such as +14155550100")]
    NoNumber,
    /// It leads to an emergency service.
    #[error("emergency numbers are never called by an agent")]
    Emergency,
    /// It is too short to be a whole number.
    #[error("short codes are never called")]
    ShortCode,
    /// No numbering plan has it.
    #[error("no numbering plan has such a number")]
    Invalid,
    /// It is a satellite's, or an international network's.
    #[error("numbers of satellites and international networks are never called")]
    Satellite,
    /// Calls to it cost more than a call.
    #[error("premium, shared-cost, personal and pager numbers are never called")]
    Premium,
}

/// Numbers of emergency services somewhere. None of them is a whole number with a country's code.
const EMERGENCY: [&str; 50] = [
    "000", "08", "100", "101", "102", "103", "104", "105", "106", "108", "110", "111", "112",
    "113", "114", "115", "116", "117", "118", "119", "120", "122", "123", "125", "128", "131",
    "132", "133", "144", "15", "155", "158", "17", "18", "180", "190", "191", "192", "193", "194",
    "195", "197", "198", "199", "911", "912", "988", "995", "997", "999",
];
/// Most digits of an emergency number behind the code of a country.
const EMERGENCY_DIGITS_MAX: usize = 6;
/// Fewest digits of a whole number with its country's code.
const DIGITS_MIN: usize = 7;

/// What the library calls numbers of no country: freephone and shared cost of the world, satellites,
/// personal numbers, networks without a country, premium of the world.
const OF_NO_COUNTRY: &str = "001";

impl Destination {
    /// Reads a number as people write it, with its country's code.
    ///
    /// # Errors
    /// [`NeverCalled`] where it is not one that may be called.
    pub fn read(text: &str) -> Result<Self, NeverCalled> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if is_emergency(&digits) {
            return Err(NeverCalled::Emergency);
        }
        let has_code = text.trim_start().starts_with('+') || digits.starts_with("00");
        if !digits.is_empty() && digits.len() < DIGITS_MIN && (has_code || is_digits(text)) {
            return Err(NeverCalled::ShortCode);
        }
        let number = e164(text).ok_or(NeverCalled::NoNumber)?;
        let parsed = PhoneNumber::parse(&number).ok_or(NeverCalled::Invalid)?;
        let code = parsed.country().code;
        if code == OF_NO_COUNTRY {
            return Err(NeverCalled::Satellite);
        }
        match parsed.phone_type() {
            PhoneNumberType::PremiumRate
            | PhoneNumberType::SharedCost
            | PhoneNumberType::PersonalNumber
            | PhoneNumberType::Pager => Err(NeverCalled::Premium),
            // Of what no plan knows the cost is not known either.
            PhoneNumberType::Unknown => Err(NeverCalled::Invalid),
            // Another reading of the same digits is another number.
            _ if parsed.e164() != number => Err(NeverCalled::Invalid),
            _ => Ok(Self {
                country: code.to_owned(),
                number,
            }),
        }
    }
}

/// Whether these digits are an emergency number, by themselves or behind the code of a country.
fn is_emergency(digits: &str) -> bool {
    if digits.len() > EMERGENCY_DIGITS_MAX {
        return false;
    }
    let mut rests = (0..=3).filter_map(|code| digits.get(code..));
    rests.any(|rest| EMERGENCY.contains(&rest))
}

fn is_digits(text: &str) -> bool {
    text.trim().bytes().all(|it| it.is_ascii_digit())
}
