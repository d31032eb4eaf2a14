//! Tests of the whole product: the house rules, whole calls, bad input.
