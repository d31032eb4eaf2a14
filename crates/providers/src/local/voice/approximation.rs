//! Elementary functions that a compiler turns into vector code: no branch, no table, no call.
//! Good to about five digits, which is far below what can be heard.

use std::f32::consts::{LN_2, LOG2_E, TAU};

/// Adding and taking away this rounds a small `f32` to a whole number, which then stands in the
/// low bits of the sum (1.5 · 2²³).
const ROUNDING: f32 = 12_582_912.0;

/// `e^x` for `x` of at most 80; smaller than -80 counts as -80.
pub(super) fn exponential(x: f32) -> f32 {
    let x = x.clamp(-80.0, 80.0);
    let sum = x * LOG2_E + ROUNDING;
    let r = x - (sum - ROUNDING) * LN_2;
    let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r / 120.0))));
    let power_of_two = f32::from_bits((sum.to_bits() << 23).wrapping_add(127 << 23));
    series * power_of_two
}

/// The hyperbolic tangent.
pub(super) fn hyperbolic_tangent(x: f32) -> f32 {
    1.0 - 2.0 / (exponential(2.0 * x.clamp(-10.0, 10.0)) + 1.0)
}

/// The cosine and sine of a number of full turns.
pub(super) fn cosine_and_sine(turns: f32) -> (f32, f32) {
    (sine(turns + 0.25), sine(turns))
}

/// The sine of a number of full turns.
pub(super) fn sine(turns: f32) -> f32 {
    let part = turns - ((turns + ROUNDING) - ROUNDING);
    // The rising quarter that has the same sine: 0 to ¼ of a turn.
    let quarter = 0.25 - (part.abs() - 0.25).abs();
    let x = quarter * TAU;
    let square = x * x;
    let series = 1.0
        + square
            * (-1.0 / 6.0 + square * (1.0 / 120.0 + square * (-1.0 / 5040.0 + square / 362_880.0)));
    (x * series).copysign(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_close_to_the_exact_functions() {
        for step in -4000..4000 {
            let x = step as f32 * 0.005;
            let exact = x.exp();
            assert!((exponential(x) - exact).abs() <= exact * 3e-5, "e^{x}");
            assert!((hyperbolic_tangent(x) - x.tanh()).abs() < 3e-5, "tanh {x}");
            let angle = f64::from(x) * std::f64::consts::TAU;
            let (cosine, sine) = cosine_and_sine(x);
            assert!((f64::from(cosine) - angle.cos()).abs() < 3e-5, "cos {x}");
            assert!((f64::from(sine) - angle.sin()).abs() < 3e-5, "sin {x}");
        }
    }

    #[test]
    fn extremes_stay_finite() {
        for x in [-1e9, -100.0, 0.0, 100.0, 1e9] {
            assert!(
                exponential(x).is_finite() && hyperbolic_tangent(x).abs() <= 1.0,
                "{x}"
            );
        }
        assert!(exponential(-100.0) < 1e-30);
    }
}
