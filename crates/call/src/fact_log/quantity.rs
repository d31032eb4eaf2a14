//! Numbers as a log holds them: durations in whole nanoseconds, and fractions that come back to
//! the bit. For `#[serde(with = …)]`.

/// A duration as `…_ns`; more than 584 years are cut to that.
pub(super) mod nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn count(duration: Duration) -> u64 {
        u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(count(*duration))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }
}

/// A duration that may be missing (`null`).
pub(super) mod optional_nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::nanoseconds::count;

    #[allow(clippy::ref_option, reason = "serde hands references")]
    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(count).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<u64>::deserialize(deserializer).map(|nanos| nanos.map(Duration::from_nanos))
    }
}

/// A 32-bit fraction. JSON knows only 64-bit ones, and no infinity: what is no finite number is
/// written as a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fraction(pub(super) f32);

impl serde::Serialize for Fraction {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(shortest(self.0))
        } else {
            serializer.serialize_str(&self.0.to_string())
        }
    }
}

impl<'de> serde::Deserialize<'de> for Fraction {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged, expecting = "a number, \"NaN\", \"inf\" or \"-inf\"")]
        enum Written {
            Number(f64),
            Text(String),
        }
        let number = match Written::deserialize(deserializer)? {
            Written::Number(number) => Some(number as f32),
            Written::Text(text) => match text.as_str() {
                "NaN" => Some(f32::NAN),
                "inf" => Some(f32::INFINITY),
                "-inf" => Some(f32::NEG_INFINITY),
                _ => None,
            },
        };
        number.map(Fraction).ok_or_else(|| {
            serde::de::Error::custom("must be a number, \"NaN\", \"inf\" or \"-inf\"")
        })
    }
}

/// The 64-bit number with the shortest decimals that comes back as `number`, with room for an
/// error of one unit in the last place on the way.
fn shortest(number: f32) -> f64 {
    let exact = f64::from(number);
    number
        .to_string()
        .parse::<f64>()
        .ok()
        .filter(|short| {
            [short.next_down(), *short, short.next_up()]
                .iter()
                .all(|near| (*near as f32).to_bits() == number.to_bits())
        })
        .unwrap_or(exact)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(number: f32) -> f32 {
        let text = serde_json::to_string(&Fraction(number)).unwrap();
        serde_json::from_str::<Fraction>(&text).unwrap().0
    }

    #[test]
    fn fractions_are_written_short() {
        assert_eq!(serde_json::to_string(&Fraction(0.93)).unwrap(), "0.93");
        assert_eq!(serde_json::to_string(&Fraction(1.0)).unwrap(), "1.0");
        assert_eq!(
            serde_json::to_string(&Fraction(f32::NAN)).unwrap(),
            "\"NaN\""
        );
    }

    #[test]
    fn odd_fractions_come_back() {
        for number in [0.0, -0.0, f32::MIN_POSITIVE, f32::MAX, 1e-45, f32::INFINITY] {
            assert_eq!(back(number).to_bits(), number.to_bits(), "{number}");
        }
        assert!(back(f32::NAN).is_nan());
        assert!(serde_json::from_str::<Fraction>("\"much\"").is_err());
    }

    proptest! {
        #[test]
        fn every_fraction_comes_back_to_the_bit(bits: u32) {
            let number = f32::from_bits(bits);
            prop_assume!(!number.is_nan());
            prop_assert_eq!(back(number).to_bits(), bits);
        }
    }
}
